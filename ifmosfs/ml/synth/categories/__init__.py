"""The document types that need code, a module for each category or family of them. Each module registers its own."""
