import type { Clock } from "#server/kernel/clock.ts";

/** An answer is given again for this long: however many look, a node is asked the same once. */
export const SHARED_FOR_MS = 2_000;
const ANSWERS_MAX = 100;

/** Asks, or gives the answer to the same question again while it is young; a refusal is not kept. */
export type SharedAnswers<T> = (question: string, ask: () => Promise<T>) => Promise<T>;

/** @param forMs how long an answer is given again */
export function createSharedAnswers<T>(clock: Clock, forMs = SHARED_FOR_MS): SharedAnswers<T> {
  const answers = new Map<string, { readonly until: number; readonly answer: Promise<T> }>();

  return (question, ask) => {
    const now = clock.monotonic();
    for (const [asked, { until }] of answers) if (until <= now || answers.size > ANSWERS_MAX) answers.delete(asked);
    const known = answers.get(question);
    if (known !== undefined) return known.answer;
    const answer = ask();
    answers.set(question, { until: now + forMs, answer });
    answer.catch(() => {
      if (answers.get(question)?.answer === answer) answers.delete(question);
    });
    return answer;
  };
}
