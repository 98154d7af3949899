import { router } from "./init.ts";
import { agentsRouter } from "./routers/agents.ts";
import { alertsRouter } from "./routers/alerts.ts";
import { attentionRouter } from "./routers/attention.ts";
import { dnaRouter } from "./routers/dna.ts";
import { dynflowRouter } from "./routers/dynflow.ts";
import { overviewRouter, topologyRouter } from "./routers/estate.ts";
import { hafRouter } from "./routers/haf.ts";
import { journalRouter } from "./routers/journal.ts";
import { adminRouter, demoRouter, jobsRouter } from "./routers/operations.ts";
import { safetyRouter } from "./routers/safety.ts";
import { sessionRouter } from "./routers/session.ts";
import { settingsRouter } from "./routers/settings.ts";

/** Every procedure there is. Names are public API. */
export const appRouter = router({
  session: sessionRouter,
  overview: overviewRouter,
  attention: attentionRouter,
  topology: topologyRouter,
  dna: dnaRouter,
  dynflow: dynflowRouter,
  agents: agentsRouter,
  haf: hafRouter,
  journal: journalRouter,
  jobs: jobsRouter,
  safety: safetyRouter,
  alerts: alertsRouter,
  demo: demoRouter,
  settings: settingsRouter,
  admin: adminRouter,
});
