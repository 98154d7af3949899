-- Schema 25 of Dynflow on SQLite, as its own migrations leave it.
-- Taken from sqlite_master of a database written by Dynflow 2.0.0 (fixtures/dynflow/v25.sqlite).
CREATE TABLE `dynflow_schema_info` (`version` integer DEFAULT (0) NOT NULL);
CREATE TABLE `dynflow_execution_plans` (`uuid` char(36) NOT NULL PRIMARY KEY, `state` varchar(255), `result` varchar(255), `started_at` timestamp, `ended_at` timestamp, `real_time` double precision, `execution_time` double precision, `label` varchar(255), `class` varchar(255), `root_plan_step_id` integer, "run_flow" blob, "finalize_flow" blob, "execution_history" blob, "step_ids" blob, "data" blob);
CREATE TABLE `dynflow_actions` (`execution_plan_uuid` char(36) NOT NULL REFERENCES `dynflow_execution_plans`, `id` integer NOT NULL, `caller_execution_plan_id` char(36), `caller_action_id` integer, `class` varchar(255), `plan_step_id` integer, `run_step_id` integer, `finalize_step_id` integer, "data" blob, "input" blob, "output" blob, PRIMARY KEY (`execution_plan_uuid`, `id`));
CREATE TABLE `dynflow_steps` (`execution_plan_uuid` char(36) NOT NULL REFERENCES `dynflow_execution_plans`, `id` integer NOT NULL, `action_id` integer, `state` varchar(255), `started_at` timestamp, `ended_at` timestamp, `real_time` double precision, `execution_time` double precision, `progress_done` double precision, `progress_weight` double precision, `class` varchar(255), `action_class` varchar(255), `queue` varchar(255), "error" blob, "children" blob, "data" blob, PRIMARY KEY (`execution_plan_uuid`, `id`), CONSTRAINT `dynflow_steps_execution_plan_uuid_fkey1` FOREIGN KEY (`execution_plan_uuid`, `action_id`) REFERENCES `dynflow_actions`);
CREATE TABLE `dynflow_coordinator_records` (`id` varchar(100) NOT NULL, `class` varchar(100) NOT NULL, `owner_id` varchar(255), "data" blob, PRIMARY KEY (`id`, `class`));
CREATE TABLE `dynflow_envelopes` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `receiver_id` char(36), "data" blob);
CREATE TABLE "dynflow_delayed_plans" (`execution_plan_uuid` char(36) REFERENCES `dynflow_execution_plans`, `start_at` timestamp, `start_before` timestamp, `args_serializer` varchar(255), `frozen` boolean, "serialized_args" blob, "data" blob);
CREATE TABLE `dynflow_output_chunks` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `execution_plan_uuid` char(36) NOT NULL REFERENCES `dynflow_execution_plans`, `action_id` integer NOT NULL, `kind` varchar(255), `timestamp` timestamp NOT NULL, "chunk" blob, CONSTRAINT `dynflow_output_chunks_execution_plan_uuid_fkey1` FOREIGN KEY (`execution_plan_uuid`, `action_id`) REFERENCES `dynflow_actions`);
CREATE TABLE `dynflow_execution_plan_dependencies` (`execution_plan_uuid` char(36) NOT NULL REFERENCES `dynflow_execution_plans` ON DELETE CASCADE, `blocked_by_uuid` char(36) NOT NULL REFERENCES `dynflow_execution_plans` ON DELETE CASCADE);
CREATE INDEX `dynflow_actions_execution_plan_uuid_index` ON `dynflow_actions` (`execution_plan_uuid`);
CREATE INDEX `dynflow_steps_execution_plan_uuid_index` ON `dynflow_steps` (`execution_plan_uuid`);
CREATE INDEX `dynflow_steps_execution_plan_uuid_action_id_index` ON `dynflow_steps` (`execution_plan_uuid`, `action_id`);
CREATE INDEX `dynflow_actions_caller_execution_plan_id_caller_action_id_index` ON `dynflow_actions` (`caller_execution_plan_id`, `caller_action_id`);
CREATE INDEX `dynflow_coordinator_records_class_index` ON `dynflow_coordinator_records` (`class`);
CREATE INDEX `dynflow_coordinator_records_owner_id_index` ON `dynflow_coordinator_records` (`owner_id`);
CREATE INDEX `dynflow_envelopes_receiver_id_index` ON `dynflow_envelopes` (`receiver_id`);
CREATE INDEX `dynflow_scheduled_plans_execution_plan_uuid_index` ON "dynflow_delayed_plans" (`execution_plan_uuid`);
CREATE INDEX `dynflow_scheduled_plans_start_at_index` ON "dynflow_delayed_plans" (`start_at`);
CREATE INDEX `dynflow_output_chunks_execution_plan_uuid_index` ON `dynflow_output_chunks` (`execution_plan_uuid`);
CREATE INDEX `dynflow_output_chunks_execution_plan_uuid_action_id_index` ON `dynflow_output_chunks` (`execution_plan_uuid`, `action_id`);
CREATE INDEX `dynflow_execution_plan_dependencies_blocked_by_uuid_index` ON `dynflow_execution_plan_dependencies` (`blocked_by_uuid`);
CREATE INDEX `dynflow_execution_plan_dependencies_execution_plan_uuid_index` ON `dynflow_execution_plan_dependencies` (`execution_plan_uuid`);
INSERT INTO `dynflow_schema_info` (`version`) VALUES (25);
