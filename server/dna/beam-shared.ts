import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";

/** An answer is given again for this long: however many look, a node is asked the same once. */
export const SHARED_FOR_MS = 2_000;
const ANSWERS_MAX = 200;

/** Asks, or gives the answer to the same question again while it is young; a refusal is not kept. */
export type SharedAnswers = <T>(question: string, ask: () => Promise<T>) => Promise<T>;

export function createSharedAnswers(clock: Clock): SharedAnswers {
  const answers = new Map<string, { readonly at: MonotonicMs; readonly answer: Promise<unknown> }>();

  return <T>(question: string, ask: () => Promise<T>): Promise<T> => {
    const now = clock.monotonic();
    for (const [asked, { at }] of answers)
      if (now - at > SHARED_FOR_MS || answers.size > ANSWERS_MAX) answers.delete(asked);
    const known = answers.get(question);
    // A question names its kind and all it depends on: the same text is the same type of answer.
    if (known !== undefined) return known.answer as Promise<T>;
    const answer = ask();
    answers.set(question, { at: now, answer });
    answer.catch(() => {
      if (answers.get(question)?.answer === answer) answers.delete(question);
    });
    return answer;
  };
}
