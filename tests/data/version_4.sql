-- A database of schema version 4 as RouteScope wrote it, one decision of it pruned (but not its rollups), one of
-- another system. Content comes last: triggers put it into the full-text index.
BEGIN TRANSACTION;
CREATE TABLE meta (
	"key" VARCHAR NOT NULL,
	value VARCHAR NOT NULL,
	PRIMARY KEY ("key")
);
CREATE TABLE request (
	span_id VARCHAR NOT NULL,
	trace_id VARCHAR NOT NULL,
	decision_id VARCHAR NOT NULL,
	parent_decision_id VARCHAR,
	source VARCHAR NOT NULL,
	schema_version VARCHAR NOT NULL,
	ts DATETIME NOT NULL,
	start_ns BIGINT NOT NULL,
	route VARCHAR NOT NULL,
	tenant VARCHAR NOT NULL,
	purpose VARCHAR NOT NULL,
	simulated BOOLEAN NOT NULL,
	policy_name VARCHAR NOT NULL,
	policy_version VARCHAR NOT NULL,
	strategy VARCHAR NOT NULL,
	risk VARCHAR NOT NULL,
	data_class VARCHAR NOT NULL,
	intent VARCHAR NOT NULL,
	intent_confidence FLOAT,
	language VARCHAR NOT NULL,
	words INTEGER,
	characters INTEGER,
	status VARCHAR NOT NULL,
	chosen VARCHAR,
	chosen_kind VARCHAR,
	first VARCHAR,
	reason TEXT NOT NULL,
	branches INTEGER NOT NULL,
	escalated BOOLEAN NOT NULL,
	fell_back BOOLEAN NOT NULL,
	score FLOAT,
	cost_nano BIGINT,
	discarded_nano BIGINT,
	probe_nano BIGINT,
	judge_nano BIGINT,
	retry_nano BIGINT,
	baseline_model VARCHAR,
	baseline_nano BIGINT,
	baseline_source VARCHAR,
	savings_nano BIGINT,
	input_tokens BIGINT,
	output_tokens BIGINT,
	latency_ms FLOAT NOT NULL,
	ttft_ms FLOAT,
	overhead_ms FLOAT,
	error_type VARCHAR,
	error_message TEXT,
	tags TEXT NOT NULL,
	signals TEXT NOT NULL,
	verdicts TEXT NOT NULL,
	candidates TEXT NOT NULL,
	caller_trace_id VARCHAR,
	caller_span_id VARCHAR,
	attributes TEXT,
	PRIMARY KEY (span_id),
	UNIQUE (decision_id)
);
CREATE INDEX ix_request_route ON request (route, ts);
CREATE INDEX ix_request_ts ON request (ts, span_id);
CREATE INDEX ix_request_trace ON request (trace_id);
CREATE INDEX ix_request_chosen ON request (chosen, ts);
CREATE INDEX ix_request_intent ON request (intent, ts);
CREATE INDEX ix_request_status ON request (status, ts);
CREATE TABLE branch (
	span_id VARCHAR NOT NULL,
	trace_id VARCHAR NOT NULL,
	parent_span_id VARCHAR,
	decision_id VARCHAR NOT NULL,
	ts DATETIME NOT NULL,
	start_ns BIGINT NOT NULL,
	route VARCHAR NOT NULL,
	tenant VARCHAR NOT NULL,
	intent VARCHAR NOT NULL,
	purpose VARCHAR NOT NULL,
	simulated BOOLEAN NOT NULL,
	policy_version VARCHAR NOT NULL,
	risk VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	branch_index INTEGER NOT NULL,
	kind VARCHAR NOT NULL,
	model VARCHAR NOT NULL,
	deployment VARCHAR,
	attempt INTEGER NOT NULL,
	tier VARCHAR,
	provider VARCHAR,
	response_model VARCHAR,
	outcome VARCHAR NOT NULL,
	discarded BOOLEAN NOT NULL,
	reason TEXT NOT NULL,
	score FLOAT,
	threshold FLOAT,
	scores TEXT NOT NULL,
	cost_nano BIGINT,
	cost_source VARCHAR,
	input_tokens BIGINT,
	output_tokens BIGINT,
	cache_read_tokens BIGINT,
	latency_ms FLOAT NOT NULL,
	duration_ms FLOAT NOT NULL,
	ttft_ms FLOAT,
	finish_reason VARCHAR,
	answer_characters INTEGER,
	error_type VARCHAR,
	error_message TEXT,
	attributes TEXT,
	PRIMARY KEY (span_id)
);
CREATE INDEX ix_branch_ts ON branch (ts);
CREATE INDEX ix_branch_decision ON branch (decision_id);
CREATE INDEX ix_branch_model ON branch (model, ts);
CREATE INDEX ix_branch_trace ON branch (trace_id);
CREATE TABLE span (
	span_id VARCHAR NOT NULL,
	trace_id VARCHAR NOT NULL,
	parent_span_id VARCHAR,
	name VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	ts DATETIME NOT NULL,
	start_ns BIGINT NOT NULL,
	duration_ms FLOAT NOT NULL,
	status VARCHAR NOT NULL,
	status_message TEXT,
	attributes TEXT NOT NULL,
	PRIMARY KEY (span_id)
);
CREATE INDEX ix_span_trace ON span (trace_id);
CREATE INDEX ix_span_ts ON span (ts);
CREATE TABLE content (
	span_id VARCHAR NOT NULL,
	part VARCHAR NOT NULL,
	trace_id VARCHAR NOT NULL,
	ts DATETIME NOT NULL,
	mode VARCHAR NOT NULL,
	text TEXT,
	sha256 VARCHAR NOT NULL,
	characters INTEGER NOT NULL,
	PRIMARY KEY (span_id, part)
);
CREATE INDEX ix_content_ts ON content (ts);
CREATE INDEX ix_content_trace ON content (trace_id);
CREATE VIRTUAL TABLE content_fts USING fts5 (text, content = '', tokenize = 'trigram');
CREATE TABLE content_fts_rows (number INTEGER PRIMARY KEY, span_id VARCHAR NOT NULL, part VARCHAR NOT NULL, trace_id VARCHAR NOT NULL, UNIQUE (span_id, part));
CREATE TRIGGER content_fts_insert AFTER INSERT ON content BEGIN 
    INSERT INTO content_fts_rows (span_id, part, trace_id)
        SELECT new.span_id, new.part, new.trace_id WHERE new.text IS NOT NULL;
    INSERT INTO content_fts (rowid, text)
        SELECT number, new.text FROM content_fts_rows WHERE content_fts_rows.span_id = new.span_id AND content_fts_rows.part = new.part;
 END;
CREATE TRIGGER content_fts_delete AFTER DELETE ON content BEGIN 
    INSERT INTO content_fts (content_fts, rowid, text)
        SELECT 'delete', number, old.text FROM content_fts_rows WHERE content_fts_rows.span_id = old.span_id AND content_fts_rows.part = old.part;
    DELETE FROM content_fts_rows WHERE content_fts_rows.span_id = old.span_id AND content_fts_rows.part = old.part;
 END;
CREATE TRIGGER content_fts_update AFTER UPDATE ON content BEGIN 
    INSERT INTO content_fts (content_fts, rowid, text)
        SELECT 'delete', number, old.text FROM content_fts_rows WHERE content_fts_rows.span_id = old.span_id AND content_fts_rows.part = old.part;
    DELETE FROM content_fts_rows WHERE content_fts_rows.span_id = old.span_id AND content_fts_rows.part = old.part;
 
    INSERT INTO content_fts_rows (span_id, part, trace_id)
        SELECT new.span_id, new.part, new.trace_id WHERE new.text IS NOT NULL;
    INSERT INTO content_fts (rowid, text)
        SELECT number, new.text FROM content_fts_rows WHERE content_fts_rows.span_id = new.span_id AND content_fts_rows.part = new.part;
 END;
CREATE TABLE policy_version (
	version VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	toml TEXT NOT NULL,
	first_seen DATETIME NOT NULL,
	recorded_by VARCHAR NOT NULL,
	PRIMARY KEY (version)
);
CREATE TABLE request_hour (
	level SMALLINT NOT NULL,
	hour INTEGER NOT NULL,
	"key" BIGINT NOT NULL,
	purpose VARCHAR NOT NULL,
	simulated BOOLEAN NOT NULL,
	tenant VARCHAR NOT NULL,
	route VARCHAR NOT NULL,
	intent VARCHAR NOT NULL,
	risk VARCHAR NOT NULL,
	first VARCHAR NOT NULL,
	chosen VARCHAR NOT NULL,
	chosen_kind VARCHAR NOT NULL,
	policy_version VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	error_type VARCHAR NOT NULL,
	requests BIGINT NOT NULL,
	branches BIGINT NOT NULL,
	escalated BIGINT NOT NULL,
	fell_back BIGINT NOT NULL,
	failed BIGINT NOT NULL,
	denied BIGINT NOT NULL,
	cancelled BIGINT NOT NULL,
	by_tool BIGINT NOT NULL,
	cost_nano BIGINT NOT NULL,
	cost_unknown BIGINT NOT NULL,
	discarded_nano BIGINT NOT NULL,
	discarded_unknown BIGINT NOT NULL,
	baseline_nano BIGINT NOT NULL,
	probe_nano BIGINT NOT NULL,
	judge_nano BIGINT NOT NULL,
	retry_nano BIGINT NOT NULL,
	dropped_nano BIGINT NOT NULL,
	parts_unknown BIGINT NOT NULL,
	savings_nano BIGINT NOT NULL,
	savings_n BIGINT NOT NULL,
	input_tokens BIGINT NOT NULL,
	output_tokens BIGINT NOT NULL,
	tokens_unknown BIGINT NOT NULL,
	latency_hist TEXT NOT NULL,
	ttft_hist TEXT NOT NULL,
	PRIMARY KEY (level, hour, "key")
)
 WITHOUT ROWID

;
CREATE TABLE request_day (
	level SMALLINT NOT NULL,
	day INTEGER NOT NULL,
	"key" BIGINT NOT NULL,
	purpose VARCHAR NOT NULL,
	simulated BOOLEAN NOT NULL,
	tenant VARCHAR NOT NULL,
	route VARCHAR NOT NULL,
	intent VARCHAR NOT NULL,
	risk VARCHAR NOT NULL,
	first VARCHAR NOT NULL,
	chosen VARCHAR NOT NULL,
	chosen_kind VARCHAR NOT NULL,
	policy_version VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	error_type VARCHAR NOT NULL,
	requests BIGINT NOT NULL,
	branches BIGINT NOT NULL,
	escalated BIGINT NOT NULL,
	fell_back BIGINT NOT NULL,
	failed BIGINT NOT NULL,
	denied BIGINT NOT NULL,
	cancelled BIGINT NOT NULL,
	by_tool BIGINT NOT NULL,
	cost_nano BIGINT NOT NULL,
	cost_unknown BIGINT NOT NULL,
	discarded_nano BIGINT NOT NULL,
	discarded_unknown BIGINT NOT NULL,
	baseline_nano BIGINT NOT NULL,
	probe_nano BIGINT NOT NULL,
	judge_nano BIGINT NOT NULL,
	retry_nano BIGINT NOT NULL,
	dropped_nano BIGINT NOT NULL,
	parts_unknown BIGINT NOT NULL,
	savings_nano BIGINT NOT NULL,
	savings_n BIGINT NOT NULL,
	input_tokens BIGINT NOT NULL,
	output_tokens BIGINT NOT NULL,
	tokens_unknown BIGINT NOT NULL,
	latency_hist TEXT NOT NULL,
	ttft_hist TEXT NOT NULL,
	PRIMARY KEY (level, day, "key")
)
 WITHOUT ROWID

;
CREATE TABLE branch_hour (
	level SMALLINT NOT NULL,
	hour INTEGER NOT NULL,
	"key" BIGINT NOT NULL,
	purpose VARCHAR NOT NULL,
	simulated BOOLEAN NOT NULL,
	tenant VARCHAR NOT NULL,
	route VARCHAR NOT NULL,
	intent VARCHAR NOT NULL,
	risk VARCHAR NOT NULL,
	model VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	tier VARCHAR NOT NULL,
	policy_version VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	error_type VARCHAR NOT NULL,
	branches BIGINT NOT NULL,
	accepted BIGINT NOT NULL,
	rejected BIGINT NOT NULL,
	failed BIGINT NOT NULL,
	compared BIGINT NOT NULL,
	cancelled BIGINT NOT NULL,
	retries BIGINT NOT NULL,
	cost_nano BIGINT NOT NULL,
	cost_unknown BIGINT NOT NULL,
	discarded_nano BIGINT NOT NULL,
	retry_nano BIGINT NOT NULL,
	input_tokens BIGINT NOT NULL,
	output_tokens BIGINT NOT NULL,
	cache_read_tokens BIGINT NOT NULL,
	tokens_unknown BIGINT NOT NULL,
	timed_tokens BIGINT NOT NULL,
	timed_us BIGINT NOT NULL,
	latency_hist TEXT NOT NULL,
	ttft_hist TEXT NOT NULL,
	speed_hist TEXT NOT NULL,
	PRIMARY KEY (level, hour, "key")
)
 WITHOUT ROWID

;
CREATE TABLE branch_day (
	level SMALLINT NOT NULL,
	day INTEGER NOT NULL,
	"key" BIGINT NOT NULL,
	purpose VARCHAR NOT NULL,
	simulated BOOLEAN NOT NULL,
	tenant VARCHAR NOT NULL,
	route VARCHAR NOT NULL,
	intent VARCHAR NOT NULL,
	risk VARCHAR NOT NULL,
	model VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	tier VARCHAR NOT NULL,
	policy_version VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	error_type VARCHAR NOT NULL,
	branches BIGINT NOT NULL,
	accepted BIGINT NOT NULL,
	rejected BIGINT NOT NULL,
	failed BIGINT NOT NULL,
	compared BIGINT NOT NULL,
	cancelled BIGINT NOT NULL,
	retries BIGINT NOT NULL,
	cost_nano BIGINT NOT NULL,
	cost_unknown BIGINT NOT NULL,
	discarded_nano BIGINT NOT NULL,
	retry_nano BIGINT NOT NULL,
	input_tokens BIGINT NOT NULL,
	output_tokens BIGINT NOT NULL,
	cache_read_tokens BIGINT NOT NULL,
	tokens_unknown BIGINT NOT NULL,
	timed_tokens BIGINT NOT NULL,
	timed_us BIGINT NOT NULL,
	latency_hist TEXT NOT NULL,
	ttft_hist TEXT NOT NULL,
	speed_hist TEXT NOT NULL,
	PRIMARY KEY (level, day, "key")
)
 WITHOUT ROWID

;
CREATE TABLE score_hour (
	level SMALLINT NOT NULL,
	hour INTEGER NOT NULL,
	"key" BIGINT NOT NULL,
	purpose VARCHAR NOT NULL,
	simulated BOOLEAN NOT NULL,
	tenant VARCHAR NOT NULL,
	route VARCHAR NOT NULL,
	intent VARCHAR NOT NULL,
	risk VARCHAR NOT NULL,
	validator VARCHAR NOT NULL,
	model VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	policy_version VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	scores BIGINT NOT NULL,
	unknown BIGINT NOT NULL,
	passed BIGINT NOT NULL,
	rejections BIGINT NOT NULL,
	score_hist TEXT NOT NULL,
	PRIMARY KEY (level, hour, "key")
)
 WITHOUT ROWID

;
CREATE TABLE score_day (
	level SMALLINT NOT NULL,
	day INTEGER NOT NULL,
	"key" BIGINT NOT NULL,
	purpose VARCHAR NOT NULL,
	simulated BOOLEAN NOT NULL,
	tenant VARCHAR NOT NULL,
	route VARCHAR NOT NULL,
	intent VARCHAR NOT NULL,
	risk VARCHAR NOT NULL,
	validator VARCHAR NOT NULL,
	model VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	policy_version VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	scores BIGINT NOT NULL,
	unknown BIGINT NOT NULL,
	passed BIGINT NOT NULL,
	rejections BIGINT NOT NULL,
	score_hist TEXT NOT NULL,
	PRIMARY KEY (level, day, "key")
)
 WITHOUT ROWID

;
CREATE TABLE drift_run (
	run_id VARCHAR NOT NULL,
	started DATETIME NOT NULL,
	finished DATETIME NOT NULL,
	seconds FLOAT NOT NULL,
	weeks INTEGER NOT NULL,
	cells INTEGER NOT NULL,
	tested INTEGER NOT NULL,
	drifted INTEGER NOT NULL,
	PRIMARY KEY (run_id)
);
CREATE INDEX ix_drift_run_finished ON drift_run (finished);
CREATE TABLE drift_metric (
	week DATE NOT NULL,
	model VARCHAR NOT NULL,
	simulated BOOLEAN NOT NULL,
	metric VARCHAR NOT NULL,
	run_id VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	unit VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	n INTEGER NOT NULL,
	n_reference INTEGER NOT NULL,
	effect_name VARCHAR,
	effect FLOAT,
	threshold FLOAT,
	p_name VARCHAR,
	p FLOAT,
	q FLOAT,
	statistics TEXT NOT NULL,
	reference TEXT NOT NULL,
	current TEXT NOT NULL,
	PRIMARY KEY (week, model, simulated, metric)
)
 WITHOUT ROWID

;
CREATE TABLE lease (
	name VARCHAR NOT NULL,
	holder VARCHAR NOT NULL,
	expires DATETIME NOT NULL,
	PRIMARY KEY (name)
);
CREATE TABLE incident (
	incident_id VARCHAR NOT NULL,
	ts DATETIME NOT NULL,
	kind VARCHAR NOT NULL,
	severity VARCHAR NOT NULL,
	process VARCHAR NOT NULL,
	simulated BOOLEAN NOT NULL,
	model VARCHAR,
	deployment VARCHAR,
	policy_version VARCHAR,
	detail TEXT NOT NULL,
	fields TEXT NOT NULL,
	PRIMARY KEY (incident_id)
);
CREATE INDEX ix_incident_model ON incident (model, ts);
CREATE INDEX ix_incident_ts ON incident (ts, incident_id);
CREATE TABLE pipeline_sample (
	sample_id VARCHAR NOT NULL,
	process VARCHAR NOT NULL,
	ts DATETIME NOT NULL,
	minute INTEGER NOT NULL,
	started DATETIME NOT NULL,
	seconds FLOAT NOT NULL,
	last BOOLEAN NOT NULL,
	queued INTEGER NOT NULL,
	queue_high INTEGER NOT NULL,
	spool_waiting INTEGER NOT NULL,
	spool_bytes BIGINT NOT NULL,
	written INTEGER NOT NULL,
	spooled INTEGER NOT NULL,
	not_durable INTEGER NOT NULL,
	refused INTEGER NOT NULL,
	abandoned INTEGER NOT NULL,
	lag_n INTEGER NOT NULL,
	lag_p95_ms FLOAT,
	lag_max_ms FLOAT,
	last_error TEXT,
	PRIMARY KEY (sample_id)
);
CREATE INDEX ix_pipeline_sample_process ON pipeline_sample (process, ts);
CREATE INDEX ix_pipeline_sample_ts ON pipeline_sample (ts);
CREATE TABLE job_run (
	run_id VARCHAR NOT NULL,
	job VARCHAR NOT NULL,
	started DATETIME NOT NULL,
	holder VARCHAR NOT NULL,
	seconds FLOAT NOT NULL,
	outcome VARCHAR NOT NULL,
	error TEXT,
	PRIMARY KEY (run_id)
);
CREATE INDEX ix_job_run_job ON job_run (job, started);
CREATE INDEX ix_job_run_started ON job_run (started);
CREATE TABLE table_size (
	size_id VARCHAR NOT NULL,
	taken DATETIME NOT NULL,
	name VARCHAR NOT NULL,
	row_count BIGINT NOT NULL,
	bytes BIGINT,
	PRIMARY KEY (size_id)
);
CREATE INDEX ix_table_size_taken ON table_size (taken);
INSERT INTO meta VALUES('schema_version','4');
INSERT INTO incident VALUES('bdb3302c2f24553bef933996818d14c6','2026-03-02 09:40:00.000000','breaker_opened','warning','one',0,'small','only',NULL,'breaker_opened of small','{"why":"3 failures in a row: timeout"}');
INSERT INTO meta VALUES('rows_since','2026-02-15T00:00:00+00:00');
INSERT INTO request VALUES('8534f45738d048ec','0f1099c6c3e1b258fd724452ccea71ff','plain',NULL,'router','1','2026-03-02 09:30:00.000000',1772443800000000000,'chat','default','user',0,'test','v1','cascade','low','internal','chat',0.9,'en',5,25,'ok','small','model','small','the first answer was good enough',1,0,0,NULL,1200,0,0,0,0,'large',5000,NULL,3800,20,30,42.0,12.5,0.8,NULL,NULL,'["nightly"]','{"intent": "chat", "words": 5}','[{"rule": "sensitive-stays-local", "outcome": "passed", "reason": "as it says", "owner": "security", "models_removed": []}]','[{"model": "small", "score": 1.0}]',NULL,NULL,NULL);
INSERT INTO request VALUES('a4042bb3d4341aad','06905269ed6f0b09f165c8ce36e2f24b','local',NULL,'router','1','2026-03-02 09:35:00.000000',1772444100000000000,'chat','acme','user',0,'test','v1','cascade','low','sensitive','chat',0.9,'en',5,25,'ok','small','model','small','the first answer was good enough',1,0,0,NULL,1200,0,0,0,0,'large',5000,NULL,3800,20,30,42.0,12.5,0.8,NULL,NULL,'["nightly"]','{"intent": "chat", "words": 5}','[{"rule": "sensitive-stays-local", "outcome": "required", "reason": "as it says", "owner": "security", "models_removed": ["large"]}]','[{"model": "small", "score": 1.0}]',NULL,NULL,NULL);
INSERT INTO request VALUES('d93936e1daca3c06','f5ff0c03bb5d7385de08caa1a0817910','escalated',NULL,'router','1','2026-03-02 11:30:00.000000',1772451000000000000,'chat','default','user',0,'test','v1','cascade','low','internal','chat',0.9,'en',5,25,'ok','large','model','small','the first answer was good enough',2,1,0,NULL,10200,1200,0,0,0,'large',5000,NULL,-5200,40,60,82.0,12.5,0.8,NULL,NULL,'["nightly"]','{"intent": "chat", "words": 5}','[{"rule": "sensitive-stays-local", "outcome": "passed", "reason": "as it says", "owner": "security", "models_removed": []}]','[{"model": "small", "score": 1.0}]',NULL,NULL,NULL);
INSERT INTO request VALUES('f1cfd99216df6486','47adec26793d0e453f5082492d83a823','denied',NULL,'router','1','2026-03-03 09:30:00.000000',1772530200000000000,'chat','default','user',0,'test','v1','cascade','low','internal','chat',0.9,'en',5,25,'denied',NULL,NULL,NULL,'the first answer was good enough',0,0,0,NULL,0,0,0,0,0,NULL,NULL,NULL,NULL,0,0,2.0,NULL,0.8,NULL,NULL,'["nightly"]','{"intent": "chat", "words": 5}','[{"rule": "no-secrets", "outcome": "denied", "reason": "as it says", "owner": "security", "models_removed": ["small", "large"]}]','[{"model": "small", "score": 1.0}]',NULL,NULL,NULL);
INSERT INTO request VALUES('b474c7e89286a175','4abcb06ae8abb93f01d89a024cdce7a6','made-up',NULL,'router','1','2026-03-03 09:30:00.000000',1772530200000000000,'chat','default','user',1,'test','v2','cascade','low','internal','chat',0.9,'en',5,25,'ok','small','model','small','the first answer was good enough',1,0,0,NULL,1200,0,0,0,0,'large',5000,NULL,3800,20,30,42.0,12.5,0.8,NULL,NULL,'["nightly"]','{"intent": "chat", "words": 5}','[{"rule": "r", "outcome": "passed", "reason": "nothing to do"}]','[{"model": "small", "score": 1.0}]',NULL,NULL,NULL);
INSERT INTO request VALUES('0000000000000001','0000000000000000000000000000004d','00000000000000000000000000000001',NULL,'otlp','1','2026-11-23 15:39:56.368111',1795448396368111393,'otlp/litellm','default','user',0,'','','','','','',NULL,'',NULL,NULL,'ok','gpt-4o','model','gpt-4o','litellm called gpt-4o; it told so over OTLP, RouteScope decided nothing',1,0,0,NULL,250000,0,0,0,0,NULL,NULL,NULL,NULL,12,34,500.0,NULL,NULL,NULL,NULL,'[]','{}','[]','[]',NULL,NULL,NULL);
INSERT INTO branch VALUES('43000de01b2ed40e','0f1099c6c3e1b258fd724452ccea71ff','8534f45738d048ec','plain','2026-03-02 09:30:00.001000',1772443800001000000,'chat','default','chat','user',0,'v1','low','ok',0,'model','small',NULL,1,NULL,NULL,NULL,'accepted',0,'first in the plan',NULL,NULL,'[{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": true}]',1200,NULL,20,30,NULL,40.0,40.0,12.5,'stop',9,NULL,NULL,NULL);
INSERT INTO branch VALUES('4a25e4664f5253a0','06905269ed6f0b09f165c8ce36e2f24b','a4042bb3d4341aad','local','2026-03-02 09:35:00.001000',1772444100001000000,'chat','acme','chat','user',0,'v1','low','ok',0,'model','small',NULL,1,NULL,NULL,NULL,'accepted',0,'first in the plan',NULL,NULL,'[{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": true}]',1200,NULL,20,30,NULL,40.0,40.0,12.5,'stop',9,NULL,NULL,NULL);
INSERT INTO branch VALUES('634f806fabf4a07c','f5ff0c03bb5d7385de08caa1a0817910','d93936e1daca3c06','escalated','2026-03-02 11:30:00.001000',1772451000001000000,'chat','default','chat','user',0,'v1','low','ok',0,'model','small',NULL,1,'cheap',NULL,NULL,'rejected',1,'first in the plan',NULL,NULL,'[{"validator": "length", "score": 0.2, "threshold": 0.5, "passed": false}]',1200,NULL,20,30,NULL,40.0,40.0,12.5,'stop',9,NULL,NULL,NULL);
INSERT INTO branch VALUES('3fb62d2c81862fc9','f5ff0c03bb5d7385de08caa1a0817910','d93936e1daca3c06','escalated','2026-03-02 11:30:00.041000',1772451000041000000,'chat','default','chat','user',0,'v1','low','ok',1,'model','large',NULL,1,'strong',NULL,NULL,'accepted',0,'first in the plan',NULL,NULL,'[{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": true}]',9000,NULL,20,30,NULL,40.0,40.0,12.5,'stop',9,NULL,NULL,NULL);
INSERT INTO branch VALUES('6c79a3de69f85e31','4abcb06ae8abb93f01d89a024cdce7a6','b474c7e89286a175','made-up','2026-03-03 09:30:00.001000',1772530200001000000,'chat','default','chat','user',1,'v2','low','ok',0,'model','small',NULL,1,NULL,NULL,NULL,'accepted',0,'first in the plan',NULL,NULL,'[{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": true}]',1200,NULL,20,30,NULL,40.0,40.0,12.5,'stop',9,NULL,NULL,NULL);
INSERT INTO branch VALUES('0000000000000001','0000000000000000000000000000004d',NULL,'00000000000000000000000000000001','2026-11-23 15:39:56.368111',1795448396368111393,'otlp/litellm','default','','user',0,'','','ok',0,'model','gpt-4o',NULL,1,NULL,'openai','gpt-4o-2024-08-06','accepted',0,'told over OTLP by litellm',NULL,NULL,'[]',250000,'observed',12,34,NULL,500.0,500.0,NULL,'stop',NULL,NULL,NULL,'{"gen_ai.operation.name":"chat","gen_ai.system":"openai","llm.request.type":"chat","gen_ai.usage.prompt_tokens":12,"gen_ai.usage.completion_tokens":34,"gen_ai.cost.total_cost":0.00025,"metadata.user_api_key_alias":"bob","router.status":"ok"}');
INSERT INTO span VALUES('5c3902b38963dc6e','0f1099c6c3e1b258fd724452ccea71ff','8534f45738d048ec','signals','internal','2026-03-02 09:30:00.000001',1772443800000001000,0.199,'unset',NULL,'{"router.detail":"signals"}');
INSERT INTO span VALUES('c79d679346d4ac7a','0f1099c6c3e1b258fd724452ccea71ff','8534f45738d048ec','guard','internal','2026-03-02 09:30:00.000001',1772443800000001000,0.199,'unset',NULL,'{"router.detail":"guard"}');
INSERT INTO span VALUES('d3addccb2c33be0a','0f1099c6c3e1b258fd724452ccea71ff','8534f45738d048ec','plan','internal','2026-03-02 09:30:00.000001',1772443800000001000,0.199,'unset',NULL,'{"router.detail":"plan"}');
INSERT INTO span VALUES('42a00403ce80c4b0','06905269ed6f0b09f165c8ce36e2f24b','a4042bb3d4341aad','signals','internal','2026-03-02 09:35:00.000001',1772444100000001000,0.199,'unset',NULL,'{"router.detail":"signals"}');
INSERT INTO span VALUES('459142deccea2645','06905269ed6f0b09f165c8ce36e2f24b','a4042bb3d4341aad','guard','internal','2026-03-02 09:35:00.000001',1772444100000001000,0.199,'unset',NULL,'{"router.detail":"guard"}');
INSERT INTO span VALUES('2a3187853184ff27','06905269ed6f0b09f165c8ce36e2f24b','a4042bb3d4341aad','plan','internal','2026-03-02 09:35:00.000001',1772444100000001000,0.199,'unset',NULL,'{"router.detail":"plan"}');
INSERT INTO span VALUES('5f552773e14b0190','f5ff0c03bb5d7385de08caa1a0817910','d93936e1daca3c06','signals','internal','2026-03-02 11:30:00.000001',1772451000000001000,0.199,'unset',NULL,'{"router.detail":"signals"}');
INSERT INTO span VALUES('d8441b5616332aca','f5ff0c03bb5d7385de08caa1a0817910','d93936e1daca3c06','guard','internal','2026-03-02 11:30:00.000001',1772451000000001000,0.199,'unset',NULL,'{"router.detail":"guard"}');
INSERT INTO span VALUES('566002249b191bf4','f5ff0c03bb5d7385de08caa1a0817910','d93936e1daca3c06','plan','internal','2026-03-02 11:30:00.000001',1772451000000001000,0.199,'unset',NULL,'{"router.detail":"plan"}');
INSERT INTO span VALUES('d160c5d0ef412ed6','47adec26793d0e453f5082492d83a823','f1cfd99216df6486','signals','internal','2026-03-03 09:30:00.000001',1772530200000001000,0.199,'unset',NULL,'{"router.detail":"signals"}');
INSERT INTO span VALUES('f1347e0cdd905ecf','47adec26793d0e453f5082492d83a823','f1cfd99216df6486','guard','internal','2026-03-03 09:30:00.000001',1772530200000001000,0.199,'unset',NULL,'{"router.detail":"guard"}');
INSERT INTO span VALUES('d7288ff68c320f89','47adec26793d0e453f5082492d83a823','f1cfd99216df6486','plan','internal','2026-03-03 09:30:00.000001',1772530200000001000,0.199,'unset',NULL,'{"router.detail":"plan"}');
INSERT INTO span VALUES('4fcfa583e1df8af9','4abcb06ae8abb93f01d89a024cdce7a6','b474c7e89286a175','signals','internal','2026-03-03 09:30:00.000001',1772530200000001000,0.199,'unset',NULL,'{"router.detail":"signals"}');
INSERT INTO span VALUES('c3e4a892d9196ada','4abcb06ae8abb93f01d89a024cdce7a6','b474c7e89286a175','guard','internal','2026-03-03 09:30:00.000001',1772530200000001000,0.199,'unset',NULL,'{"router.detail":"guard"}');
INSERT INTO span VALUES('31f3b9238224b122','4abcb06ae8abb93f01d89a024cdce7a6','b474c7e89286a175','plan','internal','2026-03-03 09:30:00.000001',1772530200000001000,0.199,'unset',NULL,'{"router.detail":"plan"}');
INSERT INTO policy_version VALUES('v1','test','format = 1
name = "test"
owner = "routing"

[models.small]
tier = "cheap"
location = "local"
price = { kind = "tokens", input = "0.15", output = "0.60" }

[models.large]
tier = "strong"
location = "cloud"
price = { kind = "tokens", input = "2.50", output = "10.00" }

[[rules]]
name = "sensitive-stays-local"
owner = "security"

[[rules]]
name = "no-secrets"
owner = "security"
','2026-03-02 09:30:00.000000','test');
INSERT INTO request_hour VALUES(0,491385,-5409817426235249577,'user',0,'','','','','','','','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_hour VALUES(0,492345,-5409817426235249577,'user',0,'','','','','','','','','','',2,2,0,0,0,0,0,0,2400,0,0,0,10000,0,0,0,0,0,7600,2,40,60,0,'1ec00002','1b400002');
INSERT INTO request_hour VALUES(0,492347,-5409817426235249577,'user',0,'','','','','','','','','','',1,2,1,0,0,0,0,0,10200,0,1200,0,5000,0,0,0,1200,0,-5200,1,40,60,0,'20b00001','1b400001');
INSERT INTO request_hour VALUES(0,492369,-6871341534011160402,'user',1,'','','','','','','','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_hour VALUES(0,492369,-5409817426235249577,'user',0,'','','','','','','','','','',1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,'16000001','');
INSERT INTO request_hour VALUES(0,498735,-5409817426235249577,'user',0,'','','','','','','','','','',1,1,0,0,0,0,0,0,250000,0,0,0,0,0,0,0,0,0,0,0,12,34,0,'25e00001','');
INSERT INTO request_hour VALUES(4,491385,-3863001482949527382,'user',0,'','','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_hour VALUES(4,492345,-3863001482949527382,'user',0,'','','chat','','small','small','model','','','',2,2,0,0,0,0,0,0,2400,0,0,0,10000,0,0,0,0,0,7600,2,40,60,0,'1ec00002','1b400002');
INSERT INTO request_hour VALUES(4,492347,1320773591344473497,'user',0,'','','chat','','small','large','model','','','',1,2,1,0,0,0,0,0,10200,0,1200,0,5000,0,0,0,1200,0,-5200,1,40,60,0,'20b00001','1b400001');
INSERT INTO request_hour VALUES(4,492369,-2387956037205121400,'user',1,'','','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_hour VALUES(4,492369,6270913163642140425,'user',0,'','','chat','','','','','','','',1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,'16000001','');
INSERT INTO request_hour VALUES(4,498735,5833598080706936426,'user',0,'','','','','gpt-4o','gpt-4o','model','','','',1,1,0,0,0,0,0,0,250000,0,0,0,0,0,0,0,0,0,0,0,12,34,0,'25e00001','');
INSERT INTO request_hour VALUES(5,491385,1092796947147809704,'user',0,'acme','','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_hour VALUES(5,492345,1092796947147809704,'user',0,'acme','','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_hour VALUES(5,492345,4511344400270427750,'user',0,'default','','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_hour VALUES(5,492347,1749877478525726103,'user',0,'default','','chat','','small','large','model','','','',1,2,1,0,0,0,0,0,10200,0,1200,0,5000,0,0,0,1200,0,-5200,1,40,60,0,'20b00001','1b400001');
INSERT INTO request_hour VALUES(5,492369,-7164503534879596301,'user',1,'default','','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_hour VALUES(5,492369,-4567554052835158066,'user',0,'default','','chat','','','','','','','',1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,'16000001','');
INSERT INTO request_hour VALUES(5,498735,-8440486430267932544,'user',0,'default','','','','gpt-4o','gpt-4o','model','','','',1,1,0,0,0,0,0,0,250000,0,0,0,0,0,0,0,0,0,0,0,12,34,0,'25e00001','');
INSERT INTO request_hour VALUES(7,491385,-3487946668472793949,'user',0,'acme','chat','chat','low','small','small','model','v1','ok','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_hour VALUES(7,492345,-3487946668472793949,'user',0,'acme','chat','chat','low','small','small','model','v1','ok','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_hour VALUES(7,492345,2212342013714424131,'user',0,'default','chat','chat','low','small','small','model','v1','ok','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_hour VALUES(7,492347,-2550028900728318173,'user',0,'default','chat','chat','low','small','large','model','v1','ok','',1,2,1,0,0,0,0,0,10200,0,1200,0,5000,0,0,0,1200,0,-5200,1,40,60,0,'20b00001','1b400001');
INSERT INTO request_hour VALUES(7,492369,-8259536588192376513,'user',1,'default','chat','chat','low','small','small','model','v2','ok','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_hour VALUES(7,492369,-8158170041916778862,'user',0,'default','chat','chat','low','','','','v1','denied','',1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,'16000001','');
INSERT INTO request_hour VALUES(7,498735,-7270646926884753220,'user',0,'default','otlp/litellm','','','gpt-4o','gpt-4o','model','','ok','',1,1,0,0,0,0,0,0,250000,0,0,0,0,0,0,0,0,0,0,0,12,34,0,'25e00001','');
INSERT INTO request_day VALUES(0,20474,-5409817426235249577,'user',0,'','','','','','','','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(0,20514,-5409817426235249577,'user',0,'','','','','','','','','','',3,4,1,0,0,0,0,0,12600,0,1200,0,15000,0,0,0,1200,0,2400,3,80,120,0,'1ec0000220b00001','1b400003');
INSERT INTO request_day VALUES(0,20515,-6871341534011160402,'user',1,'','','','','','','','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(0,20515,-5409817426235249577,'user',0,'','','','','','','','','','',1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,'16000001','');
INSERT INTO request_day VALUES(0,20780,-5409817426235249577,'user',0,'','','','','','','','','','',1,1,0,0,0,0,0,0,250000,0,0,0,0,0,0,0,0,0,0,0,12,34,0,'25e00001','');
INSERT INTO request_day VALUES(1,20474,8708403767932437724,'user',0,'','','','low','','','','v1','ok','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(1,20514,8708403767932437724,'user',0,'','','','low','','','','v1','ok','',3,4,1,0,0,0,0,0,12600,0,1200,0,15000,0,0,0,1200,0,2400,3,80,120,0,'1ec0000220b00001','1b400003');
INSERT INTO request_day VALUES(1,20515,-2791981159957507918,'user',0,'','','','low','','','','v1','denied','',1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,'16000001','');
INSERT INTO request_day VALUES(1,20515,8293369998315110586,'user',1,'','','','low','','','','v2','ok','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(1,20780,-4061568737149384534,'user',0,'','','','','','','','','ok','',1,1,0,0,0,0,0,0,250000,0,0,0,0,0,0,0,0,0,0,0,12,34,0,'25e00001','');
INSERT INTO request_day VALUES(2,20474,672277387670444047,'user',0,'acme','chat','','','','','','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(2,20514,-5610867621596319713,'user',0,'default','chat','','','','','','','','',2,3,1,0,0,0,0,0,11400,0,1200,0,10000,0,0,0,1200,0,-1400,2,60,90,0,'1ec0000120b00001','1b400002');
INSERT INTO request_day VALUES(2,20514,672277387670444047,'user',0,'acme','chat','','','','','','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(2,20515,-5610867621596319713,'user',0,'default','chat','','','','','','','','',1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,'16000001','');
INSERT INTO request_day VALUES(2,20515,5338063031141169255,'user',1,'default','chat','','','','','','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(2,20780,6032676914677791255,'user',0,'default','otlp/litellm','','','','','','','','',1,1,0,0,0,0,0,0,250000,0,0,0,0,0,0,0,0,0,0,0,12,34,0,'25e00001','');
INSERT INTO request_day VALUES(3,20474,5380125644204810059,'user',0,'acme','','chat','','','','','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(3,20514,-4567554052835158066,'user',0,'default','','chat','','','','','','','',2,3,1,0,0,0,0,0,11400,0,1200,0,10000,0,0,0,1200,0,-1400,2,60,90,0,'1ec0000120b00001','1b400002');
INSERT INTO request_day VALUES(3,20514,5380125644204810059,'user',0,'acme','','chat','','','','','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(3,20515,-4567554052835158066,'user',0,'default','','chat','','','','','','','',1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,'16000001','');
INSERT INTO request_day VALUES(3,20515,-2059288401466937799,'user',1,'default','','chat','','','','','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(3,20780,8269980940895331607,'user',0,'default','','','','','','','','','',1,1,0,0,0,0,0,0,250000,0,0,0,0,0,0,0,0,0,0,0,12,34,0,'25e00001','');
INSERT INTO request_day VALUES(4,20474,-3863001482949527382,'user',0,'','','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(4,20514,-3863001482949527382,'user',0,'','','chat','','small','small','model','','','',2,2,0,0,0,0,0,0,2400,0,0,0,10000,0,0,0,0,0,7600,2,40,60,0,'1ec00002','1b400002');
INSERT INTO request_day VALUES(4,20514,1320773591344473497,'user',0,'','','chat','','small','large','model','','','',1,2,1,0,0,0,0,0,10200,0,1200,0,5000,0,0,0,1200,0,-5200,1,40,60,0,'20b00001','1b400001');
INSERT INTO request_day VALUES(4,20515,-2387956037205121400,'user',1,'','','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(4,20515,6270913163642140425,'user',0,'','','chat','','','','','','','',1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,'16000001','');
INSERT INTO request_day VALUES(4,20780,5833598080706936426,'user',0,'','','','','gpt-4o','gpt-4o','model','','','',1,1,0,0,0,0,0,0,250000,0,0,0,0,0,0,0,0,0,0,0,12,34,0,'25e00001','');
INSERT INTO request_day VALUES(5,20474,1092796947147809704,'user',0,'acme','','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(5,20514,1092796947147809704,'user',0,'acme','','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(5,20514,1749877478525726103,'user',0,'default','','chat','','small','large','model','','','',1,2,1,0,0,0,0,0,10200,0,1200,0,5000,0,0,0,1200,0,-5200,1,40,60,0,'20b00001','1b400001');
INSERT INTO request_day VALUES(5,20514,4511344400270427750,'user',0,'default','','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(5,20515,-7164503534879596301,'user',1,'default','','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(5,20515,-4567554052835158066,'user',0,'default','','chat','','','','','','','',1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,'16000001','');
INSERT INTO request_day VALUES(5,20780,-8440486430267932544,'user',0,'default','','','','gpt-4o','gpt-4o','model','','','',1,1,0,0,0,0,0,0,250000,0,0,0,0,0,0,0,0,0,0,0,12,34,0,'25e00001','');
INSERT INTO request_day VALUES(6,20474,4433108859403387191,'user',0,'','chat','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(6,20514,1473892431691367691,'user',0,'','chat','chat','','small','large','model','','','',1,2,1,0,0,0,0,0,10200,0,1200,0,5000,0,0,0,1200,0,-5200,1,40,60,0,'20b00001','1b400001');
INSERT INTO request_day VALUES(6,20514,4433108859403387191,'user',0,'','chat','chat','','small','small','model','','','',2,2,0,0,0,0,0,0,2400,0,0,0,10000,0,0,0,0,0,7600,2,40,60,0,'1ec00002','1b400002');
INSERT INTO request_day VALUES(6,20515,6887352563770093378,'user',0,'','chat','chat','','','','','','','',1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,'16000001','');
INSERT INTO request_day VALUES(6,20515,8921762559919367869,'user',1,'','chat','chat','','small','small','model','','','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(6,20780,-2122920297038417289,'user',0,'','otlp/litellm','','','gpt-4o','gpt-4o','model','','','',1,1,0,0,0,0,0,0,250000,0,0,0,0,0,0,0,0,0,0,0,12,34,0,'25e00001','');
INSERT INTO request_day VALUES(7,20474,-3487946668472793949,'user',0,'acme','chat','chat','low','small','small','model','v1','ok','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(7,20514,-3487946668472793949,'user',0,'acme','chat','chat','low','small','small','model','v1','ok','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(7,20514,-2550028900728318173,'user',0,'default','chat','chat','low','small','large','model','v1','ok','',1,2,1,0,0,0,0,0,10200,0,1200,0,5000,0,0,0,1200,0,-5200,1,40,60,0,'20b00001','1b400001');
INSERT INTO request_day VALUES(7,20514,2212342013714424131,'user',0,'default','chat','chat','low','small','small','model','v1','ok','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(7,20515,-8259536588192376513,'user',1,'default','chat','chat','low','small','small','model','v2','ok','',1,1,0,0,0,0,0,0,1200,0,0,0,5000,0,0,0,0,0,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO request_day VALUES(7,20515,-8158170041916778862,'user',0,'default','chat','chat','low','','','','v1','denied','',1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,'16000001','');
INSERT INTO request_day VALUES(7,20780,-7270646926884753220,'user',0,'default','otlp/litellm','','','gpt-4o','gpt-4o','model','','ok','',1,1,0,0,0,0,0,0,250000,0,0,0,0,0,0,0,0,0,0,0,12,34,0,'25e00001','');
INSERT INTO branch_hour VALUES(0,491385,-7496221152291860271,'user',0,'','','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(0,492345,-7496221152291860271,'user',0,'','','','','small','model','','','','',2,2,0,0,0,0,0,2400,0,0,0,40,60,0,0,60,80000,'1ea00002','1b400002','27100002');
INSERT INTO branch_hour VALUES(0,492347,-8920332727470528375,'user',0,'','','','','large','model','strong','','','',1,1,0,0,0,0,0,9000,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(0,492347,5027155868534520057,'user',0,'','','','','small','model','cheap','','','',1,0,1,0,0,0,0,1200,0,1200,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(0,492369,7024363498122024903,'user',1,'','','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(0,498735,5546346225529155924,'user',0,'','','','','gpt-4o','model','','','','',1,1,0,0,0,0,0,250000,0,0,0,12,34,0,0,34,500000,'25e00001','','20200001');
INSERT INTO branch_hour VALUES(2,491385,-5513659008713215004,'user',0,'acme','','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(2,492345,-5513659008713215004,'user',0,'acme','','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(2,492345,-5017601579700777397,'user',0,'default','','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(2,492347,-9216344052809261366,'user',0,'default','','','','large','model','strong','','','',1,1,0,0,0,0,0,9000,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(2,492347,463880516293691549,'user',0,'default','','','','small','model','cheap','','','',1,0,1,0,0,0,0,1200,0,1200,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(2,492369,-2832837447296971126,'user',1,'default','','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(2,498735,2515208842788015003,'user',0,'default','','','','gpt-4o','model','','','','',1,1,0,0,0,0,0,250000,0,0,0,12,34,0,0,34,500000,'25e00001','','20200001');
INSERT INTO branch_hour VALUES(5,491385,5728653960720557286,'user',0,'acme','chat','chat','low','small','model','','v1','ok','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(5,492345,5006791160047921214,'user',0,'default','chat','chat','low','small','model','','v1','ok','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(5,492345,5728653960720557286,'user',0,'acme','chat','chat','low','small','model','','v1','ok','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(5,492347,-1643428350585230697,'user',0,'default','chat','chat','low','small','model','cheap','v1','ok','',1,0,1,0,0,0,0,1200,0,1200,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(5,492347,4720343184298386662,'user',0,'default','chat','chat','low','large','model','strong','v1','ok','',1,1,0,0,0,0,0,9000,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(5,492369,-4393785938962516348,'user',1,'default','chat','chat','low','small','model','','v2','ok','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_hour VALUES(5,498735,2527961411808271358,'user',0,'default','otlp/litellm','','','gpt-4o','model','','','ok','',1,1,0,0,0,0,0,250000,0,0,0,12,34,0,0,34,500000,'25e00001','','20200001');
INSERT INTO branch_day VALUES(0,20474,-7496221152291860271,'user',0,'','','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(0,20514,-8920332727470528375,'user',0,'','','','','large','model','strong','','','',1,1,0,0,0,0,0,9000,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(0,20514,-7496221152291860271,'user',0,'','','','','small','model','','','','',2,2,0,0,0,0,0,2400,0,0,0,40,60,0,0,60,80000,'1ea00002','1b400002','27100002');
INSERT INTO branch_day VALUES(0,20514,5027155868534520057,'user',0,'','','','','small','model','cheap','','','',1,0,1,0,0,0,0,1200,0,1200,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(0,20515,7024363498122024903,'user',1,'','','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(0,20780,5546346225529155924,'user',0,'','','','','gpt-4o','model','','','','',1,1,0,0,0,0,0,250000,0,0,0,12,34,0,0,34,500000,'25e00001','','20200001');
INSERT INTO branch_day VALUES(1,20474,7758718482900341140,'user',0,'','','','low','small','model','','v1','ok','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(1,20514,-2240402617606536488,'user',0,'','','','low','small','model','cheap','v1','ok','',1,0,1,0,0,0,0,1200,0,1200,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(1,20514,6295979324691236993,'user',0,'','','','low','large','model','strong','v1','ok','',1,1,0,0,0,0,0,9000,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(1,20514,7758718482900341140,'user',0,'','','','low','small','model','','v1','ok','',2,2,0,0,0,0,0,2400,0,0,0,40,60,0,0,60,80000,'1ea00002','1b400002','27100002');
INSERT INTO branch_day VALUES(1,20515,-5717607809804802581,'user',1,'','','','low','small','model','','v2','ok','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(1,20780,-2733480562379027321,'user',0,'','','','','gpt-4o','model','','','ok','',1,1,0,0,0,0,0,250000,0,0,0,12,34,0,0,34,500000,'25e00001','','20200001');
INSERT INTO branch_day VALUES(2,20474,-5513659008713215004,'user',0,'acme','','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(2,20514,-9216344052809261366,'user',0,'default','','','','large','model','strong','','','',1,1,0,0,0,0,0,9000,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(2,20514,-5513659008713215004,'user',0,'acme','','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(2,20514,-5017601579700777397,'user',0,'default','','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(2,20514,463880516293691549,'user',0,'default','','','','small','model','cheap','','','',1,0,1,0,0,0,0,1200,0,1200,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(2,20515,-2832837447296971126,'user',1,'default','','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(2,20780,2515208842788015003,'user',0,'default','','','','gpt-4o','model','','','','',1,1,0,0,0,0,0,250000,0,0,0,12,34,0,0,34,500000,'25e00001','','20200001');
INSERT INTO branch_day VALUES(3,20474,5224147270013092333,'user',0,'','chat','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(3,20514,1419539090215023269,'user',0,'','chat','','','small','model','cheap','','','',1,0,1,0,0,0,0,1200,0,1200,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(3,20514,3804117695307378897,'user',0,'','chat','','','large','model','strong','','','',1,1,0,0,0,0,0,9000,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(3,20514,5224147270013092333,'user',0,'','chat','','','small','model','','','','',2,2,0,0,0,0,0,2400,0,0,0,40,60,0,0,60,80000,'1ea00002','1b400002','27100002');
INSERT INTO branch_day VALUES(3,20515,-4755958510540236135,'user',1,'','chat','','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(3,20780,-1628853129784935371,'user',0,'','otlp/litellm','','','gpt-4o','model','','','','',1,1,0,0,0,0,0,250000,0,0,0,12,34,0,0,34,500000,'25e00001','','20200001');
INSERT INTO branch_day VALUES(4,20474,1918976285024252722,'user',0,'acme','','chat','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(4,20514,-7722182008301799264,'user',0,'default','','chat','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(4,20514,1918976285024252722,'user',0,'acme','','chat','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(4,20514,8596110755015818972,'user',0,'default','','chat','','small','model','cheap','','','',1,0,1,0,0,0,0,1200,0,1200,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(4,20514,8755872988428033421,'user',0,'default','','chat','','large','model','strong','','','',1,1,0,0,0,0,0,9000,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(4,20515,-6143643958437006295,'user',1,'default','','chat','','small','model','','','','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(4,20780,2515208842788015003,'user',0,'default','','','','gpt-4o','model','','','','',1,1,0,0,0,0,0,250000,0,0,0,12,34,0,0,34,500000,'25e00001','','20200001');
INSERT INTO branch_day VALUES(5,20474,5728653960720557286,'user',0,'acme','chat','chat','low','small','model','','v1','ok','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(5,20514,-1643428350585230697,'user',0,'default','chat','chat','low','small','model','cheap','v1','ok','',1,0,1,0,0,0,0,1200,0,1200,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(5,20514,4720343184298386662,'user',0,'default','chat','chat','low','large','model','strong','v1','ok','',1,1,0,0,0,0,0,9000,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(5,20514,5006791160047921214,'user',0,'default','chat','chat','low','small','model','','v1','ok','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(5,20514,5728653960720557286,'user',0,'acme','chat','chat','low','small','model','','v1','ok','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(5,20515,-4393785938962516348,'user',1,'default','chat','chat','low','small','model','','v2','ok','',1,1,0,0,0,0,0,1200,0,0,0,20,30,0,0,30,40000,'1ea00001','1b400001','27100001');
INSERT INTO branch_day VALUES(5,20780,2527961411808271358,'user',0,'default','otlp/litellm','','','gpt-4o','model','','','ok','',1,1,0,0,0,0,0,250000,0,0,0,12,34,0,0,34,500000,'25e00001','','20200001');
INSERT INTO score_hour VALUES(0,491385,8354679254370905078,'user',0,'','','','','length','small','model','','',1,0,1,0,'06400001');
INSERT INTO score_hour VALUES(0,492345,8354679254370905078,'user',0,'','','','','length','small','model','','',2,0,2,0,'06400002');
INSERT INTO score_hour VALUES(0,492347,3843150978493406807,'user',0,'','','','','length','large','model','','',1,0,1,0,'06400001');
INSERT INTO score_hour VALUES(0,492347,8354679254370905078,'user',0,'','','','','length','small','model','','',1,0,0,1,'01400001');
INSERT INTO score_hour VALUES(0,492369,-215013789382753702,'user',1,'','','','','length','small','model','','',1,0,1,0,'06400001');
INSERT INTO score_hour VALUES(3,491385,3218019433399879468,'user',0,'acme','chat','chat','low','length','small','model','v1','ok',1,0,1,0,'06400001');
INSERT INTO score_hour VALUES(3,492345,3218019433399879468,'user',0,'acme','chat','chat','low','length','small','model','v1','ok',1,0,1,0,'06400001');
INSERT INTO score_hour VALUES(3,492345,4734043822702196639,'user',0,'default','chat','chat','low','length','small','model','v1','ok',1,0,1,0,'06400001');
INSERT INTO score_hour VALUES(3,492347,-3113572205476083102,'user',0,'default','chat','chat','low','length','large','model','v1','ok',1,0,1,0,'06400001');
INSERT INTO score_hour VALUES(3,492347,4734043822702196639,'user',0,'default','chat','chat','low','length','small','model','v1','ok',1,0,0,1,'01400001');
INSERT INTO score_hour VALUES(3,492369,4235534781360695999,'user',1,'default','chat','chat','low','length','small','model','v2','ok',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(0,20474,8354679254370905078,'user',0,'','','','','length','small','model','','',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(0,20514,3843150978493406807,'user',0,'','','','','length','large','model','','',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(0,20514,8354679254370905078,'user',0,'','','','','length','small','model','','',3,0,2,1,'0140000106400002');
INSERT INTO score_day VALUES(0,20515,-215013789382753702,'user',1,'','','','','length','small','model','','',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(1,20474,4904006879158816345,'user',0,'acme','chat','','','length','small','model','','',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(1,20514,-1820608396393608520,'user',0,'default','chat','','','length','large','model','','',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(1,20514,-1341068420778380298,'user',0,'default','chat','','','length','small','model','','',2,0,1,1,'0140000106400001');
INSERT INTO score_day VALUES(1,20514,4904006879158816345,'user',0,'acme','chat','','','length','small','model','','',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(1,20515,9006700216648889000,'user',1,'default','chat','','','length','small','model','','',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(2,20474,4632702378978750192,'user',0,'acme','','chat','','length','small','model','','',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(2,20514,-8175183959007085366,'user',0,'default','','chat','','length','large','model','','',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(2,20514,4632702378978750192,'user',0,'acme','','chat','','length','small','model','','',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(2,20514,8566167246468213793,'user',0,'default','','chat','','length','small','model','','',2,0,1,1,'0140000106400001');
INSERT INTO score_day VALUES(2,20515,6347576333065868749,'user',1,'default','','chat','','length','small','model','','',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(3,20474,3218019433399879468,'user',0,'acme','chat','chat','low','length','small','model','v1','ok',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(3,20514,-3113572205476083102,'user',0,'default','chat','chat','low','length','large','model','v1','ok',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(3,20514,3218019433399879468,'user',0,'acme','chat','chat','low','length','small','model','v1','ok',1,0,1,0,'06400001');
INSERT INTO score_day VALUES(3,20514,4734043822702196639,'user',0,'default','chat','chat','low','length','small','model','v1','ok',2,0,1,1,'0140000106400001');
INSERT INTO score_day VALUES(3,20515,4235534781360695999,'user',1,'default','chat','chat','low','length','small','model','v2','ok',1,0,1,0,'06400001');
INSERT INTO content VALUES('4a25e4664f5253a0','output','06905269ed6f0b09f165c8ce36e2f24b','2026-03-02 09:35:00.001000','full','[{"role": "assistant", "content": "an answer"}]','82738966df5b56e6a7934cdd8076f97f6fb830b7fbcd56fb858a355559b4d140',47);
INSERT INTO content VALUES('a4042bb3d4341aad','input','06905269ed6f0b09f165c8ce36e2f24b','2026-03-02 09:35:00.000000','full','[{"role": "user", "content": "where is Anna''s parcel?"}]','33019e69c97ac829f1426a37b2b4787917ea4c4bd1b59641b5890835cca7a221',56);
INSERT INTO content VALUES('0000000000000001','input','0000000000000000000000000000004d','2026-11-23 15:39:56.368111','full','[{"role": "user", "content": "the swordfish is ill"}]','6e98c69dc491111026fb6cd769e1537391c3ff259d70a48535d18d1449e25e49',53);
INSERT INTO content VALUES('0000000000000001','output','0000000000000000000000000000004d','2026-11-23 15:39:56.368111','full','[{"role": "assistant", "content": "poor swordfish"}]','934dfe61f00edcdd7c3c72158db63c1c81f08f2d24ae47e692537232c429c1a0',52);
COMMIT;
