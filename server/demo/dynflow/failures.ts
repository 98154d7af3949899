/** What goes wrong in the demo: errors as Foreman, Katello and Pulp word them, by what the failing action does. */
import type { Random } from "#server/demo/dna/random.ts";
import type { StepError } from "#server/dynflow/domain/model.ts";
import { pick } from "./catalogue.ts";

interface Failure {
  readonly exceptionClass: string;
  readonly message: string;
}

const PULP: readonly [Failure, ...Failure[]] = [
  {
    exceptionClass: "Katello::Errors::Pulp3Error",
    message:
      "Response code 502 Bad Gateway: pulp-api did not answer within 120 s (task /pulp/api/v3/tasks/ is waiting)",
  },
  {
    exceptionClass: "Katello::Errors::Pulp3Error",
    message: "[Errno 28] No space left on device: '/var/lib/pulp/tmp/working'",
  },
  {
    exceptionClass: "Katello::Errors::Pulp3Error",
    message: "404, message='Not Found', url='https://cdn.example.test/content/dist/repodata/repomd.xml'",
  },
];
const CANDLEPIN: readonly [Failure, ...Failure[]] = [
  { exceptionClass: "RestClient::Exceptions::OpenTimeout", message: "Timed out connecting to candlepin (8443)" },
  {
    exceptionClass: "RestClient::Conflict",
    message: "Candlepin: 409 Conflict: environment is being changed by another request",
  },
];
const REMOTE: readonly [Failure, ...Failure[]] = [
  { exceptionClass: "RuntimeError", message: "Job execution failed: exit status 1" },
  { exceptionClass: "RuntimeError", message: "Error initializing command: Net::SSH::ConnectionTimeout" },
];
const OTHER: readonly [Failure, ...Failure[]] = [
  { exceptionClass: "PG::UnableToSend", message: "server closed the connection unexpectedly" },
  {
    exceptionClass: "ActiveRecord::LockWaitTimeout",
    message: "PG::LockNotAvailable: ERROR: canceling statement due to lock timeout",
  },
  { exceptionClass: "ActiveRecord::RecordInvalid", message: "Validation failed: Name has already been taken" },
];

/** An error that an action of this class may well meet. */
export function failureOf(actionClass: string, random: Random): StepError {
  const { exceptionClass, message } = pick(random, failuresOf(actionClass));
  const file = actionClass
    .replace(/::/g, "/")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
  return {
    exceptionClass,
    message,
    backtrace: [
      `app/lib/${file}.rb:${20 + random.below(60)}:in \`run'`,
      "dynflow/action.rb:582:in `block (3 levels) in execute_run'",
      "dynflow/middleware/stack.rb:27:in `pass'",
      "dynflow/middleware.rb:19:in `pass'",
      "dynflow/middleware/world.rb:31:in `execute'",
      "dynflow/action.rb:581:in `block (2 levels) in execute_run'",
      "dynflow/execution_plan/steps/abstract_flow_step.rb:18:in `block in execute'",
      "dynflow/executors/parallel/worker.rb:16:in `on_message'",
    ],
  };
}

function failuresOf(actionClass: string): readonly [Failure, ...Failure[]] {
  if (actionClass.includes("Pulp3")) return PULP;
  if (actionClass.includes("Candlepin")) return CANDLEPIN;
  if (actionClass.includes("RemoteExecution")) return REMOTE;
  return OTHER;
}

/** What a step is left with when the process that ran it was killed. Source: Dynflow 2.0.0 lib/dynflow/execution_plan.rb. */
export const ABNORMAL_TERMINATION: StepError = {
  exceptionClass: "StandardError",
  message: "Abnormal termination (previous state: running)",
  backtrace: [],
};
