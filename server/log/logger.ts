import pino, { type DestinationStream, type Logger as PinoLogger } from "pino";
import type { Logger } from "#server/kernel/logger.ts";
import { toLogFields } from "./redact.ts";
import { toTerminalLine } from "./terminal-lines.ts";

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
  const destination = pino.destination({ fd: 1, sync: false });
  return { log: createLogger(destination, options.level), flush: () => destination.flushSync() };
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
  return wrap(base);
}

function wrap(target: PinoLogger): Logger {
  return {
    debug: (event, fields) => target.debug(toLogFields(fields ?? {}), event),
    info: (event, fields) => target.info(toLogFields(fields ?? {}), event),
    warn: (event, fields) => target.warn(toLogFields(fields ?? {}), event),
    error: (event, fields) => target.error(toLogFields(fields ?? {}), event),
    child: (fields) => wrap(target.child(toLogFields(fields))),
  };
}
