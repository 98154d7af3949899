/** Asks for these procedures with the same input in one request; the answer of each, in order, still to be unwrapped. */
export type AskTogether = (paths: readonly string[], input: string) => Promise<readonly (() => unknown)[]>;

interface Asked {
  readonly path: string;
  resolve(answer: unknown): void;
  reject(cause: unknown): void;
}

/** Gathers what is asked with the same input in one task (a page that is opened or refreshed) into one request. */
export function createGather(ask: AskTogether): (path: string, input: string) => Promise<unknown> {
  const waiting = new Map<string, Asked[]>();

  async function send(input: string, group: readonly Asked[]): Promise<void> {
    waiting.delete(input);
    const paths = group.map(({ path }) => path);
    const answers = await ask(paths, input).catch((cause: unknown) => paths.map(() => () => Promise.reject(cause)));
    group.forEach(({ resolve, reject }, at) => {
      Promise.resolve().then(answers[at]).then(resolve, reject);
    });
  }

  return (path, input) =>
    new Promise((resolve, reject) => {
      const group = waiting.get(input) ?? [];
      group.push({ path, resolve, reject });
      if (group.length > 1) return;
      waiting.set(input, group);
      queueMicrotask(() => void send(input, group));
    });
}
