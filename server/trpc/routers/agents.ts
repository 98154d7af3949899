import * as wire from "#server/contract/wire/agents.ts";
import * as data from "#server/contract/wire/agents-data.ts";
import { permitted, router } from "#server/trpc/init.ts";

export const agentsRouter = router({
  /** Who lives, where and why, by id. */
  list: permitted("agents:read")
    .input(wire.agentsListInput)
    .output(wire.agentsListOutput)
    .query(({ ctx, input }) => ctx.services.agents.list(ctx.caller, input)),
  get: permitted("agents:read")
    .input(wire.agentGetInput)
    .output(wire.agentGetOutput)
    .query(({ ctx, input }) => ctx.services.agents.get(ctx.caller, input)),
  /** How the receivers of this process fare, and what is routed where. */
  pipeline: permitted("agents:read")
    .input(data.pipelineInput)
    .output(data.pipelineOutput)
    .query(({ ctx, input }) => ctx.services.agentData.pipeline(ctx.caller, input)),
  /** What a receiver would not take. */
  deadLetters: permitted("agents:read")
    .input(data.deadLettersInput)
    .output(data.deadLettersOutput)
    .query(({ ctx, input }) => ctx.services.agentData.deadLetters(ctx.caller, input)),
  /** The last message of each type and kind of one agent. */
  last: permitted("agents:read")
    .input(data.agentLastInput)
    .output(data.agentLastOutput)
    .query(({ ctx, input }) => ctx.services.agentData.last(ctx.caller, input)),
  /** The last raw messages of one agent. */
  tail: permitted("agents:read")
    .input(data.agentTailInput)
    .output(data.agentTailOutput)
    .query(({ ctx, input }) => ctx.services.agentData.tail(ctx.caller, input)),
  /** The numbers of one agent over time. */
  points: permitted("agents:read")
    .input(data.agentPointsInput)
    .output(data.agentPointsOutput)
    .query(({ ctx, input }) => ctx.services.agentData.points(ctx.caller, input)),
  /** Reads types, receivers and routes from the configuration again. */
  reload: permitted("agents:reload")
    .input(data.pipelineReloadInput)
    .output(data.pipelineReloadOutput)
    .mutation(({ ctx, input }) => ctx.services.agentData.reload(ctx.caller, input)),
});
