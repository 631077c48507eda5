"""Which other categories can be defended for a document type: a person who sorts a folder might well put such a file there.

What is held back to set a threshold is judged by these, too; otherwise a packed source distribution in the archives would count as
much against a model as a love letter among the invoices. A type that is made in several numbered or packed forms has one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_TABLE: Final = """
archive/single_compressed: technical_script personal_document
archive/unix_archive: compiled_code
automotive_technical/calibration_values: technical_dataset design_cad
automotive_technical/canopen_eds: technical_config
automotive_technical/fault_memory: technical_log
automotive_technical/obd_log: technical_log technical_dataset
automotive_technical/pdx_package: archive
automotive_technical/uds_flash_log: technical_log
backup_versioned/dated_pack: archive technical_database
business_presentation/markup_slides: web_page technical_documentation
cache_package_manager/build_tool_cache: technical_config technical_script
cache_package_manager/fetched_package: archive dependency_python
cache_package_manager/lock_file: technical_config dependency_python
compiled_code/windows_program: software_installer
contact_vcard/address_book_formats: technical_config technical_dataset
contact_vcard/contacts_csv: technical_dataset business_spreadsheet
dependency_python/installed_module: technical_script
dependency_python/package_project: technical_config
dependency_python/path_files: technical_config
dependency_python/site_module: compiled_code technical_script
dependency_python/source_distribution: archive cache_package_manager
dependency_python/wheel: archive cache_package_manager
design_cad/machining_and_misc: technical_script
design_document/headed_design: design_cad
design_document/packed_design: archive
design_logo/crest: design_vector media_graphic
design_logo/logo_for_print: design_vector
design_logo/logo_mark_small: media_graphic
design_logo/logo_picture: media_graphic
design_logo/svg_logo: design_vector media_graphic
design_vector/drawing_program: design_document
design_vector/svg_drawing: media_graphic
financial_document/receipt: media_photo
game_data/engine_scene: technical_config
game_data/game_config: technical_config
game_data/game_mod_pack: archive software_installer
game_data/game_script: technical_script
game_data/game_tables: technical_dataset
game_data/minecraft_data: technical_config
game_data/model_or_texture: design_cad media_graphic
git_metadata/hook: technical_script
git_metadata/info_and_keep: technical_config
git_metadata/repository_config: technical_config
media_screenshot/game: media_graphic
personal_career/cover_letter: personal_document
personal_career/job_offer: legal_document personal_document
personal_document/identity_paper: media_photo
personal_health/xray_picture: media_photo media_graphic
software_installer/browser_extension: archive compiled_code
software_installer/windows_other: archive technical_config
software_installer/windows_setup: compiled_code
source_header/idl_and_defs: technical_script
technical_config/vim_and_tools: technical_script
technical_database/text_stores: technical_dataset
technical_dataset/packed_dataset: archive
technical_dataset/sensor_csv: technical_log
technical_documentation/api_doc_page: web_page
technical_documentation/handbook_page: technical_manual web_page
technical_log/packed_log: archive
technical_manual/guide_chapter: technical_documentation web_page
technical_manual/help_docbook: technical_documentation
technical_manual/help_page: technical_documentation web_page
web_bookmark/link_lists: technical_documentation technical_dataset
web_bookmark/netscape_export: web_page
web_bookmark/webloc_and_desktop_link: technical_config
web_font/svg_font: design_vector
web_stylesheet/xsl_and_maps: technical_script
"""

DEFENSIBLE: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(others.split()) for name, _, others in (line.partition(":") for line in _TABLE.strip().splitlines())
}


def defensible(category: str, document_type: str) -> tuple[str, ...]:
    """The other categories that can be defended for a type, sorted; none for most."""
    whole = f"{category}/{document_type}"
    found = DEFENSIBLE.get(whole) or DEFENSIBLE.get(whole.rpartition("-")[0], ())
    return tuple(sorted(found))
