BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0009');
CREATE TABLE classifications (
	file_id INTEGER NOT NULL, 
	classifier VARCHAR NOT NULL, 
	label VARCHAR, 
	score DOUBLE NOT NULL, 
	reason VARCHAR NOT NULL, 
	runner_up VARCHAR, 
	runner_up_score DOUBLE NOT NULL, 
	document_date VARCHAR(10), 
	unreadable VARCHAR, 
	rule_label VARCHAR, 
	rule_score DOUBLE, 
	model_label VARCHAR, 
	model_score DOUBLE, 
	decided_by VARCHAR(16), 
	CONSTRAINT pk_classifications PRIMARY KEY (file_id), 
	CONSTRAINT fk_classifications_file_id FOREIGN KEY(file_id) REFERENCES files (file_id) ON DELETE CASCADE
);
INSERT INTO "classifications" VALUES(1,'rules','legal_document',0.7,'because','web_page',0.2,'2024-02-29',NULL,'legal_document',0.7,'web_page',0.4,'together');
CREATE TABLE conflict_resolutions (
	resolution_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	plan_id VARCHAR(32) NOT NULL, 
	action_id BIGINT NOT NULL, 
	strategy VARCHAR(16) NOT NULL, 
	"before" BLOB NOT NULL, 
	"after" BLOB NOT NULL, 
	replaced_before BLOB, 
	at_ns BIGINT NOT NULL, 
	first_edit BIGINT NOT NULL, 
	last_edit BIGINT NOT NULL, 
	undoes BIGINT, 
	CONSTRAINT fk_conflict_resolutions_plan_id_action_id FOREIGN KEY(plan_id, action_id) REFERENCES staging_actions (plan_id, action_id) ON DELETE CASCADE
);
CREATE TABLE contents (
	digest BLOB NOT NULL, 
	place BLOB NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	level VARCHAR(16) NOT NULL, 
	created_ns BIGINT NOT NULL, 
	source BLOB NOT NULL, 
	CONSTRAINT pk_contents PRIMARY KEY (digest)
);
CREATE TABLE corrections (
	correction_id INTEGER NOT NULL, 
	plan_id VARCHAR(32) NOT NULL, 
	root BLOB NOT NULL, 
	path BLOB NOT NULL, 
	from_category VARCHAR, 
	from_target BLOB, 
	to_target BLOB, 
	at_ns BIGINT NOT NULL, 
	CONSTRAINT pk_corrections PRIMARY KEY (correction_id), 
	CONSTRAINT fk_corrections_plan_id FOREIGN KEY(plan_id) REFERENCES staging_plans (plan_id) ON DELETE CASCADE
);
CREATE TABLE extracts (
	content_key BLOB NOT NULL, 
	extractor VARCHAR NOT NULL, 
	used_ns BIGINT NOT NULL, 
	extract BLOB NOT NULL, 
	CONSTRAINT pk_extracts PRIMARY KEY (content_key)
);
CREATE TABLE files (
	file_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	root_id INTEGER NOT NULL, 
	path BLOB NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	mode BIGINT NOT NULL, 
	inode BIGINT NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	mtime_ns BIGINT NOT NULL, 
	ctime_ns BIGINT NOT NULL, 
	birth_ns BIGINT, 
	readable BOOLEAN NOT NULL, 
	classified_category VARCHAR, 
	CONSTRAINT uq_files_root_id_path UNIQUE (root_id, path), 
	CONSTRAINT fk_files_root_id FOREIGN KEY(root_id) REFERENCES session_roots (root_id) ON DELETE CASCADE
);
INSERT INTO "files" VALUES(1,1,X'78FF','file',33188,1,100,1700000000123456789,1700000000123456790,1600000000000000000,1,'legal_document');
INSERT INTO "files" VALUES(2,1,X'79','file',33188,2,100,1700000000123456789,1700000000123456790,1600000000000000000,1,NULL);
CREATE TABLE models (
	model_id VARCHAR(32) NOT NULL, 
	name VARCHAR NOT NULL, 
	format_version BIGINT NOT NULL, 
	path BLOB NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	created_ns BIGINT NOT NULL, 
	metrics BLOB, 
	active BOOLEAN NOT NULL, 
	CONSTRAINT pk_models PRIMARY KEY (model_id)
);
CREATE TABLE plan_edits (
	plan_id VARCHAR(32) NOT NULL, 
	seq BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	path BLOB NOT NULL, 
	target BLOB, 
	at_ns BIGINT NOT NULL, 
	mode BIGINT, 
	mtime_ns BIGINT, 
	replaces BLOB, 
	step BIGINT NOT NULL, 
	origin VARCHAR(16) NOT NULL, 
	action_id BIGINT, 
	category VARCHAR, 
	CONSTRAINT pk_plan_edits PRIMARY KEY (plan_id, seq), 
	CONSTRAINT fk_plan_edits_plan_id FOREIGN KEY(plan_id) REFERENCES staging_plans (plan_id) ON DELETE CASCADE
);
INSERT INTO "plan_edits" VALUES('0123456789',1,'move',X'612F78FF',X'622F78',8,NULL,NULL,NULL,1,'view',NULL,NULL);
CREATE TABLE plan_roots (
	plan_id VARCHAR(32) NOT NULL, 
	number BIGINT NOT NULL, 
	path BLOB NOT NULL, 
	filesystem VARCHAR, 
	CONSTRAINT pk_plan_roots PRIMARY KEY (plan_id, number), 
	CONSTRAINT fk_plan_roots_plan_id FOREIGN KEY(plan_id) REFERENCES staging_plans (plan_id) ON DELETE CASCADE
);
INSERT INTO "plan_roots" VALUES('0123456789',0,X'2F686F6D652F752F696EFF0A626F78','uuid:4c1d');
CREATE TABLE plan_units (
	plan_id VARCHAR(32) NOT NULL, 
	number BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	root BIGINT NOT NULL, 
	folder BLOB, 
	CONSTRAINT pk_plan_units PRIMARY KEY (plan_id, number), 
	CONSTRAINT fk_plan_units_plan_id FOREIGN KEY(plan_id) REFERENCES staging_plans (plan_id) ON DELETE CASCADE
);
CREATE TABLE rollback_log (
	run_id VARCHAR(32) NOT NULL, 
	plan_id VARCHAR(32) NOT NULL, 
	at_ns BIGINT NOT NULL, 
	selection VARCHAR NOT NULL, 
	n_done BIGINT NOT NULL, 
	n_conflicts BIGINT NOT NULL, 
	n_failed BIGINT NOT NULL, 
	CONSTRAINT pk_rollback_log PRIMARY KEY (run_id), 
	CONSTRAINT fk_rollback_log_plan_id FOREIGN KEY(plan_id) REFERENCES staging_plans (plan_id)
);
CREATE TABLE scan_issues (
	issue_id INTEGER NOT NULL, 
	root_id INTEGER NOT NULL, 
	path BLOB NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	text VARCHAR NOT NULL, 
	CONSTRAINT pk_scan_issues PRIMARY KEY (issue_id), 
	CONSTRAINT fk_scan_issues_root_id FOREIGN KEY(root_id) REFERENCES session_roots (root_id) ON DELETE CASCADE
);
CREATE TABLE scan_sessions (
	session_id VARCHAR(32) NOT NULL, 
	tag VARCHAR, 
	roots_key VARCHAR(64) NOT NULL, 
	created_ns BIGINT NOT NULL, 
	scanned_ns BIGINT NOT NULL, 
	excludes VARCHAR, 
	CONSTRAINT pk_scan_sessions PRIMARY KEY (session_id), 
	CONSTRAINT uq_scan_sessions_roots_key UNIQUE (roots_key)
);
INSERT INTO "scan_sessions" VALUES('a2a90a17fb',NULL,'ddfb7a53fd27f87394bffebf6928351c',5,6,NULL);
CREATE TABLE session_roots (
	root_id INTEGER NOT NULL, 
	session_id VARCHAR(32) NOT NULL, 
	position BIGINT NOT NULL, 
	path BLOB NOT NULL, 
	filesystem VARCHAR NOT NULL, 
	CONSTRAINT pk_session_roots PRIMARY KEY (root_id), 
	CONSTRAINT uq_session_roots_session_id_path UNIQUE (session_id, path), 
	CONSTRAINT fk_session_roots_session_id FOREIGN KEY(session_id) REFERENCES scan_sessions (session_id) ON DELETE CASCADE
);
INSERT INTO "session_roots" VALUES(1,'a2a90a17fb',0,X'2F686F6D652F752F696EFF0A626F78','uuid:4c1d');
CREATE TABLE snapshot_entries (
	snapshot_id VARCHAR(32) NOT NULL, 
	number BIGINT NOT NULL, 
	entries BLOB NOT NULL, 
	ctimes BLOB NOT NULL, 
	CONSTRAINT pk_snapshot_entries PRIMARY KEY (snapshot_id, number), 
	CONSTRAINT fk_snapshot_entries_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshots (snapshot_id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE snapshot_roots (
	snapshot_id VARCHAR(32) NOT NULL, 
	number BIGINT NOT NULL, 
	path BLOB NOT NULL, 
	filesystem VARCHAR, 
	CONSTRAINT pk_snapshot_roots PRIMARY KEY (snapshot_id, number), 
	CONSTRAINT fk_snapshot_roots_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshots (snapshot_id) ON DELETE CASCADE
);
CREATE TABLE snapshots (
	snapshot_id VARCHAR(32) NOT NULL, 
	plan_id VARCHAR(32), 
	run_id VARCHAR(32), 
	created_ns BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	level VARCHAR(32) NOT NULL, 
	merkle BLOB NOT NULL, 
	n_entries BIGINT NOT NULL, 
	n_held BIGINT NOT NULL, 
	held_bytes BIGINT NOT NULL, 
	final BOOLEAN NOT NULL, 
	CONSTRAINT pk_snapshots PRIMARY KEY (snapshot_id), 
	CONSTRAINT fk_snapshots_plan_id FOREIGN KEY(plan_id) REFERENCES staging_plans (plan_id)
);
CREATE TABLE staging_actions (
	plan_id VARCHAR(32) NOT NULL, 
	action_id BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	root BIGINT NOT NULL, 
	source BLOB NOT NULL, 
	folder BIGINT, 
	name BLOB, 
	inode BIGINT NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	mtime_ns BIGINT NOT NULL, 
	ctime_ns BIGINT NOT NULL, 
	birth_ns BIGINT, 
	mode BIGINT NOT NULL, 
	entry_kind VARCHAR(16) NOT NULL, 
	category VARCHAR, 
	score DOUBLE NOT NULL, 
	reason VARCHAR NOT NULL, 
	origin VARCHAR(16) NOT NULL, 
	keep_reason VARCHAR(16), 
	note VARCHAR, 
	state VARCHAR(16) NOT NULL, 
	replaces BLOB, 
	unit BIGINT, 
	planned_root BIGINT, 
	planned_source BLOB, 
	CONSTRAINT pk_staging_actions PRIMARY KEY (plan_id, action_id), 
	CONSTRAINT fk_staging_actions_plan_id FOREIGN KEY(plan_id) REFERENCES staging_plans (plan_id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "staging_actions" VALUES('0123456789',1,'move',0,X'78FF',0,X'78FF',1,100,1700000000123456789,1700000000123456790,1600000000000000000,33188,'file','c',0.9,'r','rule',NULL,NULL,'planned',NULL,NULL,NULL,NULL);
CREATE TABLE staging_folders (
	plan_id VARCHAR(32) NOT NULL, 
	number BIGINT NOT NULL, 
	path BLOB NOT NULL, 
	planned BOOLEAN NOT NULL, 
	CONSTRAINT pk_staging_folders PRIMARY KEY (plan_id, number), 
	CONSTRAINT fk_staging_folders_plan_id FOREIGN KEY(plan_id) REFERENCES staging_plans (plan_id) ON DELETE CASCADE
);
INSERT INTO "staging_folders" VALUES('0123456789',0,X'61',1);
CREATE TABLE staging_plans (
	plan_id VARCHAR(32) NOT NULL, 
	session_id VARCHAR(32) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	target BLOB NOT NULL, 
	target_filesystem VARCHAR NOT NULL, 
	created_ns BIGINT NOT NULL, 
	policy BLOB NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	n_moves BIGINT NOT NULL, 
	n_kept BIGINT NOT NULL, 
	CONSTRAINT pk_staging_plans PRIMARY KEY (plan_id), 
	CONSTRAINT fk_staging_plans_session_id FOREIGN KEY(session_id) REFERENCES scan_sessions (session_id)
);
INSERT INTO "staging_plans" VALUES('0123456789','a2a90a17fb','staged',X'2F74','uuid:4c1d',7,X'7B227374726174656779223A2272656E616D65222C2262795F63617465676F7279223A5B5D2C226475706C696361746573223A2273746179222C227468726573686F6C64223A302E362C22666F6C6465725F6D6F6465223A3439332C227265766965775F6E616D65223A2256473867636D563261575633222C226E616D6573223A7B226E616D655F6D61785F6279746573223A3235352C2269676E6F7265735F63617365223A66616C73652C2269676E6F7265735F666F726D223A66616C73652C22757466385F6F6E6C79223A66616C73652C22646F73223A66616C73657D7D','fed9afa073b622ae',1,0);
CREATE TABLE versions (
	version INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR(16) NOT NULL, 
	plan_id VARCHAR(32), 
	run_id VARCHAR(32), 
	snapshot_id VARCHAR(32), 
	target BLOB NOT NULL, 
	created_ns BIGINT NOT NULL, 
	n_moved BIGINT NOT NULL, 
	CONSTRAINT fk_versions_plan_id FOREIGN KEY(plan_id) REFERENCES staging_plans (plan_id), 
	CONSTRAINT uq_versions_run_id UNIQUE (run_id), 
	CONSTRAINT fk_versions_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshots (snapshot_id)
);
CREATE INDEX ix_extracts_used_ns ON extracts (used_ns);
CREATE INDEX ix_staging_plans_session_id ON staging_plans (session_id);
CREATE INDEX ix_scan_issues_root_id ON scan_issues (root_id);
CREATE INDEX ix_staging_actions_plan_id_root_source ON staging_actions (plan_id, root, source);
CREATE INDEX ix_corrections_plan_id ON corrections (plan_id);
CREATE INDEX ix_snapshots_plan_id ON snapshots (plan_id);
CREATE INDEX ix_rollback_log_plan_id ON rollback_log (plan_id);
CREATE TRIGGER rollback_log_no_update BEFORE UPDATE ON rollback_log BEGIN SELECT RAISE(ABORT, 'the log of rollbacks only grows'); END;
CREATE TRIGGER rollback_log_no_delete BEFORE DELETE ON rollback_log BEGIN SELECT RAISE(ABORT, 'the log of rollbacks only grows'); END;
CREATE INDEX ix_conflict_resolutions_plan_id_action_id ON conflict_resolutions (plan_id, action_id);
CREATE INDEX ix_versions_plan_id ON versions (plan_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('files',2);
COMMIT;
