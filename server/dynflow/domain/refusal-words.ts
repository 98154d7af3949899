/**
 * What executors answer when they refuse, in plain words. Ruby's texts name internal classes and can run to pages; the
 * whole text is kept beside these in the journal.
 *
 * Source: the refusals as seen of real worlds; Dynflow/dynflow 2.0.0
 * lib/dynflow/dispatcher/executor_dispatcher.rb, director.rb, coordinator.rb `LockError`.
 */

/** An error that is none of these is shown by its beginning. */
const TEXT_MAX_CHARS = 300;

const KNOWN: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [/^Unable to acquire lock .*ExecutionLock/s, () => "another execution holds the plan's lock"],
  [/^searching: execution_plan by:/, () => "it finds no such plan"],
  [
    /execution_plan is not in pending or paused state, it's (\w{1,20})/,
    (match) => `the plan is ${match[1]}, neither planned nor paused`,
  ],
  [/execution is inhibited/, () => "a halt of the plan had been asked for, so the attempt has stopped it"],
  [/it's stopped/, () => "the plan is stopped"],
  [/^Message dropped/, () => "the step ended before it could take it"],
  [/step is not suspended, it cannot process events/, () => "the step is not suspended and cannot take an event"],
  [/^no manager for Dynflow::Director::Event/, () => "that executor does not execute the plan"],
  [/^The world \S+ is not active/, () => "that executor is shutting down"],
  [/^Could not find an executor/, () => "nobody executes the plan"],
];

/** The gist of a refusal; its own beginning when it is none that we know. */
export function plainRefusal(text: string): string {
  for (const [pattern, words] of KNOWN) {
    const match = pattern.exec(text);
    if (match !== null) return words(match);
  }
  const line = text.split("\n", 1)[0]?.trim() ?? "";
  return line.length <= TEXT_MAX_CHARS ? line : `${line.slice(0, TEXT_MAX_CHARS - 1)}…`;
}
