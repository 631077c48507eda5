"""Writers: each makes the bytes of one format, as the many programs that write it do."""
