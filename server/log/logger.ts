import pino, { type DestinationStream, type Logger as PinoLogger } from "pino";
import type { Logger } from "#server/kernel/logger.ts";
import { toLogFields } from "./redact.ts";
import { toTerminalLine } from "./terminal-lines.ts";

/** Lines of one moment are written together: each write of its own costs a request more than its line. */
const GATHERED_MS = 20;
const GATHERED_BYTES = 8_192;

export interface LogOutput {
  readonly log: Logger;
  /** Writes out what is buffered, before the process ends. */
  flush(): void;
}

/**
 * One line an event on standard output: JSON for machines, a short line where a person looks at a terminal. Secrets
 * are hidden by key and by shape, whoever logs them.
 */
export function createLogOutput(options: {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly terminal: boolean;
}): LogOutput {
  if (options.terminal) {
    const write = (line: string) => void process.stdout.write(toTerminalLine(line));
    return { log: createLogger({ write }, options.level), flush: () => undefined };
  }
  const destination = pino.destination({ fd: 1, sync: false, minLength: GATHERED_BYTES });
  let due = false;
  const write = (line: string): void => {
    destination.write(line);
    if (due) return;
    due = true;
    setTimeout(() => {
      due = false;
      destination.flush();
    }, GATHERED_MS);
  };
  return { log: createLogger({ write }, options.level), flush: () => destination.flushSync() };
}

/** The same logger onto any stream. */
export function createLogger(stream: DestinationStream, level: "debug" | "info" | "warn" | "error"): Logger {
  const base = pino(
    {
      level,
      base: null,
      messageKey: "event",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return wrap(base, {});
}

type Fields = Readonly<Record<string, unknown>>;

/** Each request has a child or two and most log one line: what is bound is kept as it is until then. */
function wrap(target: PinoLogger, bound: Fields): Logger {
  const fieldsOf = (fields: Fields | undefined) => toLogFields({ ...bound, ...fields });
  return {
    debug(event, fields) {
      if (target.isLevelEnabled("debug")) target.debug(fieldsOf(fields), event);
    },
    info: (event, fields) => target.info(fieldsOf(fields), event),
    warn: (event, fields) => target.warn(fieldsOf(fields), event),
    error: (event, fields) => target.error(fieldsOf(fields), event),
    child: (fields) => wrap(target, { ...bound, ...fields }),
  };
}
