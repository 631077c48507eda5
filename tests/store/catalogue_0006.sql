BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0006');
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
	CONSTRAINT pk_classifications PRIMARY KEY (file_id), 
	CONSTRAINT fk_classifications_file_id FOREIGN KEY(file_id) REFERENCES files (file_id) ON DELETE CASCADE
);
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
CREATE TABLE plan_roots (
	plan_id VARCHAR(32) NOT NULL, 
	number BIGINT NOT NULL, 
	path BLOB NOT NULL, 
	filesystem VARCHAR, 
	CONSTRAINT pk_plan_roots PRIMARY KEY (plan_id, number), 
	CONSTRAINT fk_plan_roots_plan_id FOREIGN KEY(plan_id) REFERENCES staging_plans (plan_id) ON DELETE CASCADE
);
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
CREATE TABLE snapshot_entries (
	snapshot_id VARCHAR(32) NOT NULL, 
	number BIGINT NOT NULL, 
	root BIGINT NOT NULL, 
	path BLOB NOT NULL, 
	inode BIGINT NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	mtime_ns BIGINT NOT NULL, 
	ctime_ns BIGINT NOT NULL, 
	birth_ns BIGINT, 
	digest BLOB, 
	mode BIGINT, 
	level VARCHAR(16), 
	CONSTRAINT pk_snapshot_entries PRIMARY KEY (snapshot_id, number), 
	CONSTRAINT fk_snapshot_entries_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshots (snapshot_id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "snapshot_entries" VALUES('5a5a5a5a5a',0,0,X'78FF',1,100,1700000000123456789,1700000000123456790,1600000000000000000,NULL,NULL,NULL);
INSERT INTO "snapshot_entries" VALUES('5a5a5a5a5a',1,1,X'74776F0A6C696E6573',2,100,-9223372036854775808,-5,NULL,X'0101010101010101010101010101010101010101010101010101010101010101',33152,'CONTENT-COPY');
INSERT INTO "snapshot_entries" VALUES('5a5a5a5a5a',2,0,X'',-1,100,1700000000123456789,1700000000123456790,1600000000000000000,NULL,16877,NULL);
INSERT INTO "snapshot_entries" VALUES('6b6b6b6b6b',0,0,X'30',0,100,1700000000123456789,1700000000123456790,1600000000000000000,NULL,NULL,NULL);
INSERT INTO "snapshot_entries" VALUES('6b6b6b6b6b',1,0,'1',1,100,1700000000123456789,1700000000123456790,1600000000000000000,NULL,NULL,NULL);
INSERT INTO "snapshot_entries" VALUES('6b6b6b6b6b',2,0,X'32',2,100,1700000000123456789,1700000000123456790,1600000000000000000,NULL,NULL,NULL);
CREATE TABLE snapshot_roots (
	snapshot_id VARCHAR(32) NOT NULL, 
	number BIGINT NOT NULL, 
	path BLOB NOT NULL, 
	filesystem VARCHAR, 
	CONSTRAINT pk_snapshot_roots PRIMARY KEY (snapshot_id, number), 
	CONSTRAINT fk_snapshot_roots_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshots (snapshot_id) ON DELETE CASCADE
);
INSERT INTO "snapshot_roots" VALUES('5a5a5a5a5a',0,X'2F686F6D652F752F696EFF0A626F78','uuid:7');
INSERT INTO "snapshot_roots" VALUES('5a5a5a5a5a',1,X'2F6F746865720A','uuid:7');
INSERT INTO "snapshot_roots" VALUES('6b6b6b6b6b',0,X'2F686F6D652F752F696EFF0A626F78',NULL);
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
INSERT INTO "snapshots" VALUES('5a5a5a5a5a',NULL,NULL,9,'before clean-up','NAME',X'79FAD04701382B8E094132F02934EEDD27CB4430AD7BE9BDD6C3C79DE6A2141C',3,1,100,1);
INSERT INTO "snapshots" VALUES('6b6b6b6b6b',NULL,NULL,10,'damaged since','NAME',X'831369D4B07DCF042D4BCDC62174ACE0CE410C71126764E8387A6923BC3CFDAA',3,0,0,1);
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
CREATE TABLE staging_folders (
	plan_id VARCHAR(32) NOT NULL, 
	number BIGINT NOT NULL, 
	path BLOB NOT NULL, 
	planned BOOLEAN NOT NULL, 
	CONSTRAINT pk_staging_folders PRIMARY KEY (plan_id, number), 
	CONSTRAINT fk_staging_folders_plan_id FOREIGN KEY(plan_id) REFERENCES staging_plans (plan_id) ON DELETE CASCADE
);
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
COMMIT;
