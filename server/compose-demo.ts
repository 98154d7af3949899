import type { Configuration } from "#server/config/model.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Estates } from "./compose.ts";

export async function openDemo(_configuration: Configuration, _clock: Clock, _log: Logger): Promise<Estates> {
  throw new OpsError("refused", "The demo is being built");
}
