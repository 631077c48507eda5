BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
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
INSERT INTO "conflict_resolutions" VALUES(1,'0123456789',2,'replace',X'612F79',X'632F79',NULL,10,3,4,NULL);
INSERT INTO "conflict_resolutions" VALUES(2,'0123456789',3,'newest',X'612F7A',X'546F207265766965772F7661756C742F7A',NULL,10,5,5,NULL);
INSERT INTO "conflict_resolutions" VALUES(3,'0123456789',3,'newest',X'546F207265766965772F7661756C742F7A',X'612F7A',NULL,11,6,6,2);
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
	CONSTRAINT pk_plan_edits PRIMARY KEY (plan_id, seq), 
	CONSTRAINT fk_plan_edits_plan_id FOREIGN KEY(plan_id) REFERENCES staging_plans (plan_id) ON DELETE CASCADE
);
INSERT INTO "plan_edits" VALUES('0123456789',1,'move',X'612F78FF',X'622F74776F0A6C696E6573',8,NULL,NULL,NULL);
INSERT INTO "plan_edits" VALUES('0123456789',2,'mkdir',X'6E6577',NULL,9,488,5,NULL);
INSERT INTO "plan_edits" VALUES('0123456789',3,'mkdir',X'63',NULL,10,NULL,NULL,NULL);
INSERT INTO "plan_edits" VALUES('0123456789',4,'replace',X'612F79',X'632F79',10,NULL,NULL,X'5B31383434363734343037333730393535313631352C3130302C313730303030303030303132333435363738392C313730303030303030303132333435363739302C313630303030303030303030303030303030305D');
INSERT INTO "plan_edits" VALUES('0123456789',5,'vault',X'612F7A',NULL,10,NULL,NULL,NULL);
INSERT INTO "plan_edits" VALUES('0123456789',6,'move',X'546F207265766965772F7661756C742F7A',X'612F7A',11,NULL,NULL,NULL);
INSERT INTO "plan_edits" VALUES('0123456789',7,'exclude',X'612F7A',NULL,12,NULL,NULL,NULL);
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
	CONSTRAINT pk_scan_sessions PRIMARY KEY (session_id), 
	CONSTRAINT uq_scan_sessions_roots_key UNIQUE (roots_key)
);
INSERT INTO "scan_sessions" VALUES('5853e425ce',NULL,'ddfb7a53fd27f87394bffebf6928351c',1,1);
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
INSERT INTO "session_roots" VALUES(1,'5853e425ce',0,X'2F686F6D652F752F696EFF0A626F78','uuid:4c1d');
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
	CONSTRAINT pk_snapshot_entries PRIMARY KEY (snapshot_id, number), 
	CONSTRAINT fk_snapshot_entries_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshots (snapshot_id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE snapshot_roots (
	snapshot_id VARCHAR(32) NOT NULL, 
	number BIGINT NOT NULL, 
	path BLOB NOT NULL, 
	CONSTRAINT pk_snapshot_roots PRIMARY KEY (snapshot_id, number), 
	CONSTRAINT fk_snapshot_roots_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshots (snapshot_id) ON DELETE CASCADE
);
CREATE TABLE snapshots (
	snapshot_id VARCHAR(32) NOT NULL, 
	plan_id VARCHAR(32) NOT NULL, 
	run_id VARCHAR(32) NOT NULL, 
	created_ns BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	level VARCHAR(32) NOT NULL, 
	merkle BLOB NOT NULL, 
	n_entries BIGINT NOT NULL, 
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
	CONSTRAINT pk_staging_actions PRIMARY KEY (plan_id, action_id), 
	CONSTRAINT fk_staging_actions_plan_id FOREIGN KEY(plan_id) REFERENCES staging_plans (plan_id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "staging_actions" VALUES('0123456789',1,'move',0,X'78FF',0,X'78FF',1,100,1700000000123456789,1700000000123456790,1600000000000000000,33188,'file','c',0.9,'r','rule',NULL,NULL,'planned',NULL,NULL);
INSERT INTO "staging_actions" VALUES('0123456789',2,'move',0,X'79',0,X'79',2,100,1700000000123456789,1700000000123456790,1600000000000000000,33188,'file','c',0.9,'r','rule',NULL,NULL,'planned',NULL,NULL);
INSERT INTO "staging_actions" VALUES('0123456789',3,'move',0,X'7A',0,X'7A',3,100,1700000000123456789,1700000000123456790,1600000000000000000,33188,'file','c',0.9,'r','rule',NULL,NULL,'planned',NULL,NULL);
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
INSERT INTO "staging_plans" VALUES('0123456789','5853e425ce','staged',X'2F74','uuid:4c1d',7,X'7B227374726174656779223A2272656E616D65222C2262795F63617465676F7279223A5B5D2C226475706C696361746573223A2273746179222C227468726573686F6C64223A302E362C22666F6C6465725F6D6F6465223A3439332C227265766965775F6E616D65223A2256473867636D563261575633222C226E616D6573223A7B226E616D655F6D61785F6279746573223A3235352C2269676E6F7265735F63617365223A66616C73652C2269676E6F7265735F666F726D223A66616C73652C22757466385F6F6E6C79223A66616C73652C22646F73223A66616C73657D7D','52553e25f17bc4b3',3,0);
CREATE TABLE versions (
	version INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	plan_id VARCHAR(32) NOT NULL, 
	run_id VARCHAR(32) NOT NULL, 
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
CREATE INDEX ix_corrections_plan_id ON corrections (plan_id);
CREATE INDEX ix_snapshots_plan_id ON snapshots (plan_id);
CREATE INDEX ix_rollback_log_plan_id ON rollback_log (plan_id);
CREATE INDEX ix_conflict_resolutions_plan_id_action_id ON conflict_resolutions (plan_id, action_id);
CREATE INDEX ix_versions_plan_id ON versions (plan_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('conflict_resolutions',3);
COMMIT;
