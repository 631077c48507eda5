"""What the roots, namespaces and keys of XML, JSON and YAML mean. The answers are keys of the `format` table in `rules.toml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final


def _by_name(table: Mapping[str, str]) -> dict[str, str]:
    return {name: format_name for format_name, names in table.items() for name in names.split()}


XML_ROOTS: Final = _by_name(
    {
        "html": "html",
        "xml:svg": "svg",
        "xml:xbel": "xbel",
        "xml:opml": "opml",
        "xml:kml": "kml",
        "track": "gpx TrainingCenterDatabase loc",
        "xml:feed": "rss feed urlset",
        "xml:autosar": "AUTOSAR",
        "xml:odx": "ODX",
        "xml:fibex": "FIBEX",
        "xml:msrsw": "MSRSW CANDELA NetworkDefinition OpenDRIVE OpenSCENARIO OpenScenario ISO15745ProfileContainer roms",
        "xml:docbook": "book article refentry chapter sect1 section preface appendix part reference glossary",
        "xml:dita": "topic concept task dita bookmap manpage QtHelpProject QHelpCollectionProject toc helpset doxygen TEI tei",
        "xml:help": "page",
        "xml:health": "ClinicalDocument ContinuityOfCareRecord HealthData",
        "xml:invoice": "Invoice CreditNote CrossIndustryInvoice OFX gnc-v2 KMYMONEY-FILE homebank Grisbi xbrl Finvoice Facturae "
        "FatturaElettronica Comprobante AuditFile nfeProc NFe skrooge SkroogeDocument BMECAT Lexware",
        "xml:family": "gedcomx GEDCOM gedcom note recipe recipes recipeml gourmetDoc diary journal xournal",
        "xml:resume": "SkillsPassport learnerinfo Resume resume StructuredXMLResume cv CV Candidate vitae",
        "xml:collada": "COLLADA amf VTKFile LandXML ifcXML robot sdf mujoco scad",
        "xml:x3d": "X3D",
        "xml:board": "eagle",
        "xml:game": "tileset Resource level Level scene Defs savegame SaveGame SavedGame sprite spriteset TextureAtlas campaign "
        "monster monsters spells kart mission Mission Entity GameData maplayer levelset aamap arena puzzle quest quests xmoto",
        "xml:drawing": "mxfile diagram VisioDocument",
        "xml:design": "SCRIBUS SCRIBUSUTF8NEW SCRIBUSUTF8 canvas kdenlivedoc mlt xmeml fcpxml",
        "playlist": "score-partwise score-timewise museScore rosegarden-data lmms-project audioproject audacityproject ASX asx "
        "drumkit_info hydrogen-song",
        "xml:records": "osm gml FeatureCollection mzML mzXML indexedmzML sbml phyloxml nexml uniprot PubmedArticleSet annotation "
        "dataset graphml gexf opencv_storage PMML votable VOTABLE ArrayOfRecords records rows datapacket",
        "molecule": "cml",
        "catalogue": "TS xliff",
        "subtitles": "tt USFSubtitles timedtext",
        "ebook": "FictionBook ncx",
        "dictionary": "xdxf stardict lexicon",
        "xml:log": "testsuite testsuites TestRun checkstyle valgrindoutput nmaprun coverage findbugs BugCollection pmd Events",
        "xml:script": "stylesheet transform Wix package-script",
        "xml:workbook": "Workbook",
        "xml:document": "abiword wordDocument",
        "font": "ttFont glyph",
        "plist": "plist",
        "xml:repository": "repomd metalink",
        "xml:config": "project Project configuration config settings fontconfig busconfig schemalist beans web-app manifest component "
        "policyconfig mime-info language-configuration interface node theme menu Menu service server catalog protocol application "
        "keyboard locale resources ui RCC gresources language mode MODE hibernate-configuration hibernate-mapping persistence "
        "faces-config assembly ivy-module VirtualBox domain network log4j ldml unattend Package CodeBlocks_project_file "
        "Preferences preferences options Options Settings Configuration Config profile Profile applications components "
        "NotepadPlus gconf gschema module root definitions wsdl zone ipset direct shortcuts bindings monitors toolbar "
        "gtk-interface Window Application kpartgui gui classpath launchConfiguration cproject LinearLayout RelativeLayout "
        "ConstraintLayout FrameLayout ServiceConfiguration DSD struts tlib taglib properties grammar",
    }
)

# (a part of the first elements' attributes, format); before the names of roots
XML_NAMESPACES: Final = (
    ("http://relaxng.org/ns/structure/", "xml:config"),
    ("http://www.devhelp.net/book", "xml:dita"),
    ("http://projectmallard.org/", "xml:help"),
    ("urn:hl7-org:v3", "xml:health"),
    ("http://hl7.org/fhir", "xml:health"),
    ("http://www.cdisc.org/ns/odm", "xml:health"),
    ("urn:oasis:names:specification:ubl:", "xml:invoice"),
    ("urn:un:unece:uncefact:", "xml:invoice"),
    ("urn:iso:std:iso:20022:", "xml:invoice"),
    ("http://www.sat.gob.mx/cfd", "xml:invoice"),
    ("http://www.xbrl.org/", "xml:invoice"),
    ("http://www.gnucash.org/", "xml:invoice"),
    ("http://gramps-project.org/", "xml:family"),
    ("http://www.gnome.org/gnote", "xml:family"),
    ("http://beatniksoftware.com/tomboy", "xml:family"),
    ("http://gedcomx.org/", "xml:family"),
    ("europass", "xml:resume"),
    ("http://ns.hr-xml.org/", "xml:resume"),
    ("http://schemas.microsoft.com/3dmanufacturing", "xml:collada"),
    ("fritzingVersion", "xml:board"),
    ("http://xspf.org/", "playlist"),
    ("http://lysator.liu.se/~alla/dia", "xml:drawing"),
    ("http://www.lysator.liu.se/~alla/dia", "xml:drawing"),
    ("http://www.gnumeric.org/", "xml:workbook"),
    ("urn:schemas-microsoft-com:office:spreadsheet", "xml:workbook"),
    ('office:mimetype="application/vnd.oasis.opendocument.spreadsheet', "xml:workbook"),
    ('office:mimetype="application/vnd.oasis.opendocument.presentation', "xml:slides"),
    ('office:mimetype="application/vnd.oasis.opendocument.graphics', "xml:drawing"),
    ('office:mimetype="application/vnd.oasis.opendocument.text', "xml:document"),
    ("http://www.abisource.com/awml", "xml:document"),
    ("http://schemas.microsoft.com/office/word/2003", "xml:document"),
    ("http://linux.duke.edu/metadata", "xml:repository"),
    ("http://www.idpf.org/2007/opf", "ebook"),
    ("http://www.loc.gov/MARC21", "xml:records"),
    ("http://www.loc.gov/mods", "xml:records"),
    ("http://www.opengis.net/kml", "xml:kml"),
    ("http://www.opengis.net/gml", "xml:records"),
    ("http://www.topografix.com/GPX", "track"),
    ("http://maven.apache.org/POM", "xml:pom"),
    ("http://docbook.org/ns/docbook", "xml:docbook"),
    ("http://www.w3.org/1999/XSL/Transform", "xml:script"),
    ("http://www.inkscape.org/namespaces", "xml:svg"),
    ("tilewidth=", "xml:game"),
    ("tiledversion=", "xml:game"),
    ("http://www.collada.org/", "xml:collada"),
)

# What needs a word beside the root's name, which alone means too much.
XML_ATTRIBUTES: Final = (
    ("page", "projectmallard", "xml:help"),
    ("project", "source=", "xml:board"),  # Logisim
    ("pack", "<level", "xml:game"),
    ("levels", "<level", "xml:game"),
    ("svg", "<font ", "font"),
    ("svg", "<glyph", "font"),
    ("plist", "<key>URL</key>", "bookmarks"),
    ("plist", "<key>WebBookmarkType</key>", "bookmarks"),
    ("Document", "ProgramVersion", "xml:collada"),  # FreeCAD
    ("tmx", "version", "catalogue"),
    ("database", "gramps", "xml:family"),
    ("project", "<modelVersion>", "xml:pom"),
)

# (keys that must all be there, of these at least one, format); the first that fits
JSON_KEYS: Final = tuple(
    (frozenset(every.split()), frozenset(some.split()), format_name)
    for every, some, format_name in (
        # what people keep
        ("basics", "work education skills volunteer awards publications languages projects", "json:resume"),
        ("employment", "education skills info meta contact location", "json:resume"),
        ("SkillsPassport", "", "json:resume"),
        ("work education skills", "", "json:resume"),
        ("workExperience education", "", "json:resume"),
        ("work_experience education", "", "json:resume"),
        ("resourceType", "", "json:health"),
        ("demographics", "allergies medications immunizations vitals encounters", "json:health"),
        ("patient", "diagnosis medications medication observations allergies dob", "json:health"),
        ("hl7", "", "json:health"),
        ("roots checksum", "", "json:bookmarks"),
        ("guid typeCode", "", "json:bookmarks"),
        ("href", "toread shared", "json:bookmarks"),
        ("bookmarks", "url uri href", "json:bookmarks"),
        ("invoiceNumber", "", "json:invoice"),
        ("invoice_number", "", "json:invoice"),
        ("iban", "amount balance transactions bic", "json:invoice"),
        ("transactions", "amount currency balance", "json:invoice"),
        ("licenseText", "", "json:licence"),
        ("standardLicenseTemplate", "", "json:licence"),
        ("participants messages", "", "json:personal"),
        ("phoneNumbers", "emails name displayName", "json:contacts"),
        ("emails", "phones phone", "json:contacts"),
        ("givenName familyName", "", "json:contacts"),
        ("firstName lastName", "phone mobile email emails", "json:contacts"),
        ("recipeIngredient", "", "json:personal"),
        ("ingredients", "instructions steps servings", "json:personal"),
        # what package managers keep
        ("dist-tags", "", "json:registry"),
        ("_id versions", "", "json:registry"),
        ("lockfileVersion", "", "json:lock"),
        ("packages packages-dev", "", "json:lock"),
        ("packages content-hash", "", "json:lock"),
        ("cksum vers", "", "json:registry"),
        ("files package", "", "json:registry"),
        ("repodata_version", "", "json:registry"),
        ("packages.conda", "", "json:registry"),
        ("formatVersion component createdBy", "", "json:registry"),
        # engineering
        ("arbitration_id", "", "json:vehicle"),
        ("frame_id signals", "", "json:vehicle"),
        ("can_id", "", "json:vehicle"),
        ("canId", "", "json:vehicle"),
        ("messages signals", "", "json:vehicle"),
        ("vin", "odometer rpm dtc dtcs mileage ecu", "json:vehicle"),
        ("accessors", "meshes bufferViews asset nodes", "json:model"),
        ("geometries materials", "", "json:model"),
        ("tilewidth", "tileheight", "json:game"),
        ("tileWidth", "tileHeight", "json:game"),
        ("spriteSourceSize", "", "json:game"),
        ("pack_format", "", "json:game"),
        ("format_version", "minecraft:block minecraft:item minecraft:entity minecraft:client_entity animations", "json:game"),
        ("skeleton bones", "", "json:game"),
        ("__header__", "", "json:game"),
        ("bones slots", "", "json:game"),
        ("multipart", "", "json:game"),
        ("switches variables", "", "json:game"),
        ("attack", "defense hp health damage", "json:game"),
        ("hp", "damage level sprite weapon armor", "json:game"),
        ("gameVersion", "", "json:game"),
        ("tilesetId", "", "json:game"),
        ("autoplayBgm", "", "json:game"),
        ("entrypoints", "depends mixins", "json:game"),
        ("type excalidraw", "", "json:drawing"),
        ("appState elements", "", "json:drawing"),
        ("fr ip op layers", "", "json:drawing"),
        # data and programs
        ("nbformat", "", "json:notebook"),
        ("cells cell_type", "", "json:notebook"),
        ("arcs", "objects transform", "json:geojson"),
        ("features", "geometry", "json:geojson"),
        ("coordinates type", "", "json:geojson"),
        ("annotations images", "", "json:data"),
        ("timelineObjects", "", "track"),
        ("openapi", "paths info", "json:api"),
        ("swagger", "paths info", "json:api"),
        ("log entries creator", "", "json:log"),
        ("@timestamp", "message level", "json:log"),
        ("timestamp", "level severity logger msg", "json:log"),
        ("time", "level severity levelname stream msg", "json:log"),
        ("mappings sources", "", "json:sourcemap"),
        ("@@locale", "", "catalogue"),
        # settings
        ("name version", "", "json:config"),
        ("dependencies", "", "json:config"),
        ("devDependencies", "", "json:config"),
        ("compilerOptions", "", "json:config"),
        ("manifest_version", "", "json:config"),
        ("short_name", "icons start_url", "json:config"),
        ("apiVersion kind", "", "json:config"),
        ("AWSTemplateFormatVersion", "", "json:config"),
        ("terraform_version", "", "json:config"),
        ("settings", "", "json:config"),
        ("config", "", "json:config"),
        ("editor.fontSize", "", "json:config"),
        ("extends", "rules plugins parserOptions env presets", "json:config"),
        ("presets", "", "json:config"),
        ("$schema", "", "json:schema"),
        ("panels", "templating datasource", "json:config"),
        ("scripts", "", "json:config"),
        ("enabled", "", "json:settings"),
        ("plugins", "", "json:settings"),
    )
)  # fmt: skip

# Of the keys at the beginnings of lines
YAML_KEYS: Final = tuple(
    (frozenset(every.split()), frozenset(some.split()), format_name)
    for every, some, format_name in (
        ("basics", "work education skills", "yaml:resume"),
        ("employment", "education skills", "yaml:resume"),
        ("education", "experience skills work jobs", "yaml:resume"),
        ("cv", "design locale", "yaml:resume"),
        ("openapi", "paths info", "json:api"),
        ("swagger", "paths info", "json:api"),
        ("fileFormatVersion", "guid", "game-text"),
        ("channels dependencies", "", "yaml:conda"),
        ("services", "", "yaml-config"),
        ("jobs", "", "yaml-config"),
        ("apiVersion kind", "", "yaml-config"),
        ("repos", "", "yaml-config"),
        ("language", "script install os", "yaml-config"),
        ("lockfileVersion", "", "json:lock"),
        ("PODS", "", "json:lock"),
    )
)


def by_keys(table: Iterable[tuple[frozenset[str], frozenset[str], str]], keys: frozenset[str]) -> str | None:
    """The first format of a table that keys fit."""
    for every, some, format_name in table:
        if every <= keys and (not some or not some.isdisjoint(keys)):
            return format_name
    return None


FORMATS: Final = frozenset(
    {
        *XML_ROOTS.values(),
        *(name for _, name in XML_NAMESPACES),
        *(name for _, _, name in (*XML_ATTRIBUTES, *JSON_KEYS, *YAML_KEYS)),
    }
)
"""All answers that these tables can give."""
