-- A database of schema version 1 as RouteScope wrote it, one decision of it pruned (but not its rollup).
BEGIN TRANSACTION;
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
	status VARCHAR NOT NULL, 
	branch_index INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
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
INSERT INTO "branch" VALUES('c2d934cbd7fd94b1','e7da02911a6c42907957cfdb0e48b45d','27e1cb2037d3ac99','plain','2026-03-02 09:30:00.001000',1772443800001000000,'chat','default','chat','user',0,'v1','ok',0,'model','small',NULL,NULL,NULL,'accepted',0,'first in the plan',NULL,NULL,'[{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": true}]',1200,NULL,20,30,NULL,40.0,40.0,12.5,'stop',9,NULL,NULL,NULL);
INSERT INTO "branch" VALUES('2f9f825d1edeaaf8','647d87bccbaf6920ef5a2d65853c3057','997236b276a59f25','escalated','2026-03-02 10:30:00.001000',1772447400001000000,'chat','acme','code','user',0,'v1','ok',0,'model','small','cheap',NULL,NULL,'rejected',1,'first in the plan',0.2,0.5,'[{"validator": "length", "score": 0.2, "threshold": 0.5, "passed": false}, {"validator": "judge", "score": null, "threshold": 0.5, "passed": true}]',1000,NULL,20,30,NULL,40.0,40.0,12.5,'stop',9,NULL,NULL,NULL);
INSERT INTO "branch" VALUES('438f794b569fe1ef','647d87bccbaf6920ef5a2d65853c3057','997236b276a59f25','escalated','2026-03-02 10:30:00.041000',1772447400041000000,'chat','acme','code','user',0,'v1','ok',1,'probe','tiny',NULL,NULL,NULL,'compared',1,'first in the plan',NULL,NULL,'[{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": true}]',70,NULL,20,30,NULL,40.0,40.0,12.5,'stop',9,NULL,NULL,NULL);
INSERT INTO "branch" VALUES('7454a80f7a886a03','647d87bccbaf6920ef5a2d65853c3057','997236b276a59f25','escalated','2026-03-02 10:30:00.081000',1772447400081000000,'chat','acme','code','user',0,'v1','ok',2,'judge','grader',NULL,NULL,NULL,'compared',1,'first in the plan',NULL,NULL,'[{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": true}]',300,NULL,20,30,NULL,40.0,40.0,12.5,'stop',9,NULL,NULL,NULL);
INSERT INTO "branch" VALUES('a8c9d136df40a8b5','647d87bccbaf6920ef5a2d65853c3057','997236b276a59f25','escalated','2026-03-02 10:30:00.121000',1772447400121000000,'chat','acme','code','user',0,'v1','ok',3,'model','large','strong',NULL,NULL,'accepted',0,'first in the plan',NULL,NULL,'[{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": true}]',9000,NULL,20,30,NULL,400.0,400.0,12.5,'stop',9,NULL,NULL,NULL);
INSERT INTO "branch" VALUES('362d41f38b293d5a','cbbb3432545036aae54d471d393033a0','c8204e3e1e06d6fb','retried','2026-03-03 09:30:00.001000',1772530200001000000,'chat','default','chat','user',0,'v1','ok',0,'model','small',NULL,NULL,NULL,'failed',1,'first in the plan',NULL,NULL,'[{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": true}]',NULL,NULL,20,NULL,NULL,40.0,40.0,NULL,'stop',9,'rate_limit',NULL,'{"router.branch.deployment":"eu"}');
INSERT INTO "branch" VALUES('9403a85fb7eed367','cbbb3432545036aae54d471d393033a0','c8204e3e1e06d6fb','retried','2026-03-03 09:30:00.041000',1772530200041000000,'chat','default','chat','user',0,'v1','ok',1,'model','small',NULL,NULL,NULL,'failed',1,'attempt 2 after 0.50 s: rate_limit',NULL,NULL,'[{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": true}]',0,NULL,20,30,NULL,40.0,40.0,12.5,'stop',9,'timeout',NULL,'{"router.branch.deployment":"us"}');
INSERT INTO "branch" VALUES('cf71a47bbb226c7d','cbbb3432545036aae54d471d393033a0','c8204e3e1e06d6fb','retried','2026-03-03 09:30:00.081000',1772530200081000000,'chat','default','chat','user',0,'v1','ok',2,'model','small',NULL,NULL,NULL,'accepted',0,'attempt 3 after 1.00 s: timeout',NULL,NULL,'[{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": true}]',1200,NULL,20,30,NULL,40.0,40.0,12.5,'stop',9,NULL,NULL,'{"router.branch.deployment":"eu"}');
INSERT INTO "branch" VALUES('539c01953e329c48','d88f1927089720220a194e41e7bd7c90','41bc2e43622486cb','failed','2026-03-04 09:30:00.001000',1772616600001000000,'chat','default','chat','user',1,'v1','failed',0,'model','small',NULL,NULL,NULL,'failed',1,'first in the plan',NULL,NULL,'[{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": true}]',1200,NULL,20,30,NULL,40.0,40.0,12.5,'stop',9,'upstream_5xx',NULL,NULL);
INSERT INTO "branch" VALUES('1d6e0f7759f3f229','06b20fb88f49cef59ed11f6cf15d243e','64092e2278c366f1','tool','2026-03-05 09:30:00.001000',1772703000001000000,'chat','default','math','user',0,'v1','ok',0,'tool','calculator',NULL,NULL,NULL,'accepted',0,'first in the plan',NULL,NULL,'[{"validator": "length", "score": 1.0, "threshold": 0.5, "passed": true}]',0,NULL,0,0,NULL,1.0,1.0,12.5,'stop',9,NULL,NULL,NULL);
CREATE TABLE branch_hour (
	hour INTEGER NOT NULL, 
	route VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	intent VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	policy_version VARCHAR NOT NULL, 
	purpose VARCHAR NOT NULL, 
	simulated BOOLEAN NOT NULL, 
	status VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	branches BIGINT NOT NULL, 
	cost_nano BIGINT NOT NULL, 
	cost_unknown BIGINT NOT NULL, 
	input_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	tokens_unknown BIGINT NOT NULL, 
	latency_hist TEXT NOT NULL, 
	ttft_hist TEXT NOT NULL, 
	PRIMARY KEY (hour, route, tenant, intent, model, kind, policy_version, purpose, simulated, status, outcome)
)
 WITHOUT ROWID

;
INSERT INTO "branch_hour" VALUES(491385,'chat','acme','chat','small','model','v1','user',0,'ok','accepted',1,1200,0,20,30,0,'1ea00001','1b400001');
INSERT INTO "branch_hour" VALUES(492345,'chat','default','chat','small','model','v1','user',0,'ok','accepted',1,1200,0,20,30,0,'1ea00001','1b400001');
INSERT INTO "branch_hour" VALUES(492346,'chat','acme','code','grader','judge','v1','user',0,'ok','compared',1,300,0,20,30,0,'1ea00001','1b400001');
INSERT INTO "branch_hour" VALUES(492346,'chat','acme','code','large','model','v1','user',0,'ok','accepted',1,9000,0,20,30,0,'25400001','1b400001');
INSERT INTO "branch_hour" VALUES(492346,'chat','acme','code','small','model','v1','user',0,'ok','rejected',1,1000,0,20,30,0,'1ea00001','1b400001');
INSERT INTO "branch_hour" VALUES(492346,'chat','acme','code','tiny','probe','v1','user',0,'ok','compared',1,70,0,20,30,0,'1ea00001','1b400001');
INSERT INTO "branch_hour" VALUES(492369,'chat','default','chat','small','model','v1','user',0,'ok','accepted',1,1200,0,20,30,0,'1ea00001','1b400001');
INSERT INTO "branch_hour" VALUES(492369,'chat','default','chat','small','model','v1','user',0,'ok','failed',2,0,1,40,30,1,'1ea00002','1b400001');
INSERT INTO "branch_hour" VALUES(492393,'chat','default','chat','small','model','v1','user',1,'failed','failed',1,1200,0,20,30,0,'1ea00001','1b400001');
INSERT INTO "branch_hour" VALUES(492417,'chat','default','math','calculator','tool','v1','user',0,'ok','accepted',1,0,0,0,0,0,'14000001','1b400001');
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
INSERT INTO "content" VALUES('c2d934cbd7fd94b1','output','e7da02911a6c42907957cfdb0e48b45d','2026-03-02 09:30:00.001000','full','[{"role": "assistant", "content": "an answer"}]','82738966df5b56e6a7934cdd8076f97f6fb830b7fbcd56fb858a355559b4d140',47);
INSERT INTO "content" VALUES('27e1cb2037d3ac99','input','e7da02911a6c42907957cfdb0e48b45d','2026-03-02 09:30:00.000000','full','[{"role": "user", "content": "Where is \"my\" parcel?\nIt is late"}]','05303beedcfbe40d386adb2f7896145a39e3e1f59f7b13e4689db811752c43b7',68);
INSERT INTO "content" VALUES('2f9f825d1edeaaf8','output','647d87bccbaf6920ef5a2d65853c3057','2026-03-02 10:30:00.001000','full','[{"role": "assistant", "content": "an answer"}]','82738966df5b56e6a7934cdd8076f97f6fb830b7fbcd56fb858a355559b4d140',47);
INSERT INTO "content" VALUES('438f794b569fe1ef','output','647d87bccbaf6920ef5a2d65853c3057','2026-03-02 10:30:00.041000','full','[{"role": "assistant", "content": "an answer"}]','82738966df5b56e6a7934cdd8076f97f6fb830b7fbcd56fb858a355559b4d140',47);
INSERT INTO "content" VALUES('7454a80f7a886a03','output','647d87bccbaf6920ef5a2d65853c3057','2026-03-02 10:30:00.081000','full','[{"role": "assistant", "content": "an answer"}]','82738966df5b56e6a7934cdd8076f97f6fb830b7fbcd56fb858a355559b4d140',47);
INSERT INTO "content" VALUES('a8c9d136df40a8b5','output','647d87bccbaf6920ef5a2d65853c3057','2026-03-02 10:30:00.121000','full','[{"role": "assistant", "content": "an answer"}]','82738966df5b56e6a7934cdd8076f97f6fb830b7fbcd56fb858a355559b4d140',47);
INSERT INTO "content" VALUES('997236b276a59f25','input','647d87bccbaf6920ef5a2d65853c3057','2026-03-02 10:30:00.000000','full','[{"role": "user", "content": "why?"}]','8bcb4c3bec53c332bd9b19d98c3662cce1d3a425675ee766a6beba9311c9d668',37);
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
CREATE TABLE lease (
	name VARCHAR NOT NULL, 
	holder VARCHAR NOT NULL, 
	expires DATETIME NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE meta (
	"key" VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('schema_version','1');
CREATE TABLE policy_version (
	version VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	toml TEXT NOT NULL, 
	first_seen DATETIME NOT NULL, 
	recorded_by VARCHAR NOT NULL, 
	PRIMARY KEY (version)
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
INSERT INTO "request" VALUES('27e1cb2037d3ac99','e7da02911a6c42907957cfdb0e48b45d','plain',NULL,'router','1','2026-03-02 09:30:00.000000',1772443800000000000,'chat','default','user',0,'test','v1','cascade','low','internal','chat',0.9,'en',5,25,'ok','small','model','small','the first answer was good enough',1,0,0,NULL,1200,0,'large',5000,NULL,3800,20,30,42.0,12.5,0.8,NULL,NULL,'["nightly"]','{"intent": "chat", "words": 5}','[{"rule": "r", "outcome": "passed", "reason": "nothing to do"}]','[{"model": "small", "score": 1.0}]',NULL,NULL,NULL);
INSERT INTO "request" VALUES('997236b276a59f25','647d87bccbaf6920ef5a2d65853c3057','escalated',NULL,'router','1','2026-03-02 10:30:00.000000',1772447400000000000,'chat','acme','user',0,'test','v1','cascade','low','internal','code',0.9,'en',5,25,'ok','large','model','small','the first answer was good enough',4,1,0,NULL,10370,1370,'large',20000,NULL,9630,80,120,522.0,12.5,0.8,NULL,NULL,'["nightly"]','{"intent": "code", "words": 5}','[{"rule": "r", "outcome": "passed", "reason": "nothing to do"}]','[{"model": "small", "score": 1.0}]',NULL,NULL,NULL);
INSERT INTO "request" VALUES('c8204e3e1e06d6fb','cbbb3432545036aae54d471d393033a0','retried',NULL,'router','1','2026-03-03 09:30:00.000000',1772530200000000000,'chat','default','user',0,'test','v1','cascade','low','internal','chat',0.9,'en',5,25,'ok','small','model','small','the first answer was good enough',3,0,1,NULL,NULL,NULL,'large',5000,NULL,NULL,60,NULL,122.0,12.5,0.8,NULL,NULL,'["nightly"]','{"intent": "chat", "words": 5}','[{"rule": "r", "outcome": "passed", "reason": "nothing to do"}]','[{"model": "small", "score": 1.0}]',NULL,NULL,NULL);
INSERT INTO "request" VALUES('41bc2e43622486cb','d88f1927089720220a194e41e7bd7c90','failed',NULL,'router','1','2026-03-04 09:30:00.000000',1772616600000000000,'chat','default','user',1,'test','v1','cascade','high','internal','chat',0.9,'en',5,25,'failed',NULL,NULL,'small','the first answer was good enough',1,0,1,NULL,1200,1200,'large',5000,NULL,3800,20,30,42.0,NULL,0.8,'all_failed',NULL,'["nightly"]','{"intent": "chat", "words": 5}','[{"rule": "r", "outcome": "passed", "reason": "nothing to do"}]','[{"model": "small", "score": 1.0}]',NULL,NULL,NULL);
INSERT INTO "request" VALUES('98adb44a2096990f','0b0caed1a21f328a6f1a226b30583c18','denied',NULL,'router','1','2026-03-04 09:30:00.000000',1772616600000000000,'chat','default','user',0,'test','v1','cascade','low','internal','chat',0.9,'en',5,25,'denied',NULL,NULL,NULL,'the first answer was good enough',0,0,0,NULL,0,0,NULL,NULL,NULL,NULL,0,0,2.0,NULL,0.8,NULL,NULL,'["nightly"]','{"intent": "chat", "words": 5}','[{"rule": "r", "outcome": "passed", "reason": "nothing to do"}]','[{"model": "small", "score": 1.0}]',NULL,NULL,NULL);
INSERT INTO "request" VALUES('64092e2278c366f1','06b20fb88f49cef59ed11f6cf15d243e','tool',NULL,'router','1','2026-03-05 09:30:00.000000',1772703000000000000,'chat','default','user',0,'test','v1','cascade','low','internal','math',0.9,'en',5,25,'ok','calculator','tool','calculator','the first answer was good enough',1,0,0,NULL,0,0,'large',5000,NULL,5000,0,0,3.0,12.5,0.8,NULL,NULL,'["nightly"]','{"intent": "math", "words": 5}','[{"rule": "r", "outcome": "passed", "reason": "nothing to do"}]','[{"model": "small", "score": 1.0}]',NULL,NULL,NULL);
CREATE TABLE request_hour (
	hour INTEGER NOT NULL, 
	route VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	intent VARCHAR NOT NULL, 
	first VARCHAR NOT NULL, 
	chosen VARCHAR NOT NULL, 
	chosen_kind VARCHAR NOT NULL, 
	policy_version VARCHAR NOT NULL, 
	purpose VARCHAR NOT NULL, 
	simulated BOOLEAN NOT NULL, 
	status VARCHAR NOT NULL, 
	requests BIGINT NOT NULL, 
	branches BIGINT NOT NULL, 
	escalated BIGINT NOT NULL, 
	fell_back BIGINT NOT NULL, 
	cost_nano BIGINT NOT NULL, 
	cost_unknown BIGINT NOT NULL, 
	discarded_nano BIGINT NOT NULL, 
	discarded_unknown BIGINT NOT NULL, 
	baseline_nano BIGINT NOT NULL, 
	savings_nano BIGINT NOT NULL, 
	savings_n BIGINT NOT NULL, 
	input_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	tokens_unknown BIGINT NOT NULL, 
	latency_hist TEXT NOT NULL, 
	ttft_hist TEXT NOT NULL, 
	PRIMARY KEY (hour, route, tenant, intent, first, chosen, chosen_kind, policy_version, purpose, simulated, status)
)
 WITHOUT ROWID

;
INSERT INTO "request_hour" VALUES(491385,'chat','acme','chat','small','small','model','v1','user',0,'ok',1,1,0,0,1200,0,0,0,5000,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO "request_hour" VALUES(492345,'chat','default','chat','small','small','model','v1','user',0,'ok',1,1,0,0,1200,0,0,0,5000,3800,1,20,30,0,'1ec00001','1b400001');
INSERT INTO "request_hour" VALUES(492346,'chat','acme','code','small','large','model','v1','user',0,'ok',1,4,1,0,10370,0,1370,0,20000,9630,1,80,120,0,'26000001','1b400001');
INSERT INTO "request_hour" VALUES(492369,'chat','default','chat','small','small','model','v1','user',0,'ok',1,3,0,1,0,1,0,1,0,0,0,60,0,1,'21d00001','1b400001');
INSERT INTO "request_hour" VALUES(492393,'chat','default','chat','','','','v1','user',0,'denied',1,0,0,0,0,0,0,0,0,0,0,0,0,0,'16000001','');
INSERT INTO "request_hour" VALUES(492393,'chat','default','chat','small','','','v1','user',1,'failed',1,1,0,1,1200,0,1200,0,5000,3800,1,20,30,0,'1ec00001','');
INSERT INTO "request_hour" VALUES(492417,'chat','default','math','calculator','calculator','tool','v1','user',0,'ok',1,1,0,0,0,0,0,0,5000,5000,1,0,0,0,'17200001','1b400001');
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
INSERT INTO "span" VALUES('11320d8f61a9b04e','e7da02911a6c42907957cfdb0e48b45d','27e1cb2037d3ac99','signals','internal','2026-03-02 09:30:00.000001',1772443800000001000,0.199,'unset',NULL,'{"router.detail":"signals"}');
INSERT INTO "span" VALUES('9ba6824567c2247b','e7da02911a6c42907957cfdb0e48b45d','27e1cb2037d3ac99','guard','internal','2026-03-02 09:30:00.000001',1772443800000001000,0.199,'unset',NULL,'{"router.detail":"guard"}');
INSERT INTO "span" VALUES('4c8009a976cae119','e7da02911a6c42907957cfdb0e48b45d','27e1cb2037d3ac99','plan','internal','2026-03-02 09:30:00.000001',1772443800000001000,0.199,'unset',NULL,'{"router.detail":"plan"}');
INSERT INTO "span" VALUES('dff91a64a2f0d9c8','647d87bccbaf6920ef5a2d65853c3057','997236b276a59f25','signals','internal','2026-03-02 10:30:00.000001',1772447400000001000,0.199,'unset',NULL,'{"router.detail":"signals"}');
INSERT INTO "span" VALUES('57b45a93846fd47e','647d87bccbaf6920ef5a2d65853c3057','997236b276a59f25','guard','internal','2026-03-02 10:30:00.000001',1772447400000001000,0.199,'unset',NULL,'{"router.detail":"guard"}');
INSERT INTO "span" VALUES('23d50e54feaec4cc','647d87bccbaf6920ef5a2d65853c3057','997236b276a59f25','plan','internal','2026-03-02 10:30:00.000001',1772447400000001000,0.199,'unset',NULL,'{"router.detail":"plan"}');
INSERT INTO "span" VALUES('cb291f00c6420d78','cbbb3432545036aae54d471d393033a0','c8204e3e1e06d6fb','signals','internal','2026-03-03 09:30:00.000001',1772530200000001000,0.199,'unset',NULL,'{"router.detail":"signals"}');
INSERT INTO "span" VALUES('1b47affd33950a5a','cbbb3432545036aae54d471d393033a0','c8204e3e1e06d6fb','guard','internal','2026-03-03 09:30:00.000001',1772530200000001000,0.199,'unset',NULL,'{"router.detail":"guard"}');
INSERT INTO "span" VALUES('49ca81f4f363b5dd','cbbb3432545036aae54d471d393033a0','c8204e3e1e06d6fb','plan','internal','2026-03-03 09:30:00.000001',1772530200000001000,0.199,'unset',NULL,'{"router.detail":"plan"}');
INSERT INTO "span" VALUES('696beeddd8550d71','d88f1927089720220a194e41e7bd7c90','41bc2e43622486cb','signals','internal','2026-03-04 09:30:00.000001',1772616600000001000,0.199,'unset',NULL,'{"router.detail":"signals"}');
INSERT INTO "span" VALUES('18cd8bf8f49b2904','d88f1927089720220a194e41e7bd7c90','41bc2e43622486cb','guard','internal','2026-03-04 09:30:00.000001',1772616600000001000,0.199,'unset',NULL,'{"router.detail":"guard"}');
INSERT INTO "span" VALUES('7656c72f26f34435','d88f1927089720220a194e41e7bd7c90','41bc2e43622486cb','plan','internal','2026-03-04 09:30:00.000001',1772616600000001000,0.199,'unset',NULL,'{"router.detail":"plan"}');
INSERT INTO "span" VALUES('6d6e831b09fa82ce','0b0caed1a21f328a6f1a226b30583c18','98adb44a2096990f','signals','internal','2026-03-04 09:30:00.000001',1772616600000001000,0.199,'unset',NULL,'{"router.detail":"signals"}');
INSERT INTO "span" VALUES('37d8a47688461d7f','0b0caed1a21f328a6f1a226b30583c18','98adb44a2096990f','guard','internal','2026-03-04 09:30:00.000001',1772616600000001000,0.199,'unset',NULL,'{"router.detail":"guard"}');
INSERT INTO "span" VALUES('b9005acf254d84d9','0b0caed1a21f328a6f1a226b30583c18','98adb44a2096990f','plan','internal','2026-03-04 09:30:00.000001',1772616600000001000,0.199,'unset',NULL,'{"router.detail":"plan"}');
INSERT INTO "span" VALUES('5afe87b344cf4345','06b20fb88f49cef59ed11f6cf15d243e','64092e2278c366f1','signals','internal','2026-03-05 09:30:00.000001',1772703000000001000,0.199,'unset',NULL,'{"router.detail":"signals"}');
INSERT INTO "span" VALUES('b9e8a20888882666','06b20fb88f49cef59ed11f6cf15d243e','64092e2278c366f1','guard','internal','2026-03-05 09:30:00.000001',1772703000000001000,0.199,'unset',NULL,'{"router.detail":"guard"}');
INSERT INTO "span" VALUES('4647c9fa46b571f5','06b20fb88f49cef59ed11f6cf15d243e','64092e2278c366f1','plan','internal','2026-03-05 09:30:00.000001',1772703000000001000,0.199,'unset',NULL,'{"router.detail":"plan"}');
CREATE INDEX ix_request_chosen ON request (chosen, ts);
CREATE INDEX ix_request_intent ON request (intent, ts);
CREATE INDEX ix_request_ts ON request (ts, span_id);
CREATE INDEX ix_request_route ON request (route, ts);
CREATE INDEX ix_request_status ON request (status, ts);
CREATE INDEX ix_branch_trace ON branch (trace_id);
CREATE INDEX ix_branch_model ON branch (model, ts);
CREATE INDEX ix_branch_decision ON branch (decision_id);
CREATE INDEX ix_span_trace ON span (trace_id);
CREATE INDEX ix_content_trace ON content (trace_id);
CREATE INDEX ix_drift_run_finished ON drift_run (finished);
COMMIT;
