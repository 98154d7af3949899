/** Lives of roles as containers tell them: they replace what was inferred of the same role. Pure. */
import type { HafRole, HafRoleRef, HafRoleState } from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { isOver, type Life, type LifeChange, latestLife, refOf } from "./lives.ts";
import { appOfService, roleOfService } from "./services.ts";

export interface ContainerFacts {
  readonly name: string;
  readonly service: string;
  readonly image: string;
  readonly state: HafRoleState;
  readonly exitCode: number | null;
  readonly startedAt: EpochMs | null;
  readonly finishedAt: EpochMs | null;
  readonly host: string | null;
  readonly dependsOn: readonly string[];
}

/** Containers that end by themselves when their work is done. */
const ONE_SHOT: readonly HafRole[] = ["mib", "live_trigger", "setup", "detector"];

export interface ContainerLook {
  readonly now: EpochMs;
  readonly containers: readonly ContainerFacts[];
  readonly apps: readonly string[];
  readonly lives: readonly Life[];
}

export interface ContainerVerdict {
  readonly changes: readonly LifeChange[];
  /** Roles that containers tell of, as `role/app`. */
  readonly told: ReadonlySet<string>;
}

export const toldKey = (role: HafRole, app: string | null): string => (app === null ? role : `${role}/${app}`);

/** The changes that bring the lives to what the containers are now. */
export function containerRoles(look: ContainerLook): ContainerVerdict {
  const changes: LifeChange[] = [];
  const lives = [...look.lives];
  const told = new Set<string>();
  const seen = new Set<string>();
  const push = (change: LifeChange): void => {
    changes.push(change);
    const index = lives.findIndex(
      (life) => life.role === change.role && life.app === change.app && life.generation === change.generation,
    );
    lives.splice(index < 0 ? lives.length : index, 1, { ...change, state: change.to, since: change.at });
  };
  for (const container of look.containers) {
    const service = roleOfService(container.service);
    if (service === null) continue;
    const app = service.app === null ? null : appOfService(service.app, look.apps);
    told.add(toldKey(service.role, app));
    seen.add(container.name);
    for (const change of changesOf(container, { role: service.role, app }, lives, look.now)) push(change);
  }
  for (const life of [...lives]) {
    if (life.container === null || isOver(life.state) || seen.has(life.container.name)) continue;
    push(ended(life, "destroyed", look.now, `container ${life.container.name} is gone`));
  }
  return { changes, told };
}

function changesOf(
  container: ContainerFacts,
  { role, app }: Pick<HafRoleRef, "role" | "app">,
  lives: readonly Life[],
  now: EpochMs,
): readonly LifeChange[] {
  const to = stateIn(role, container);
  const mine = latestLife(
    lives.filter((life) => life.container?.name === container.name),
    role,
    app,
  );
  const latest = latestLife(lives, role, app);
  const facts = factsOf(container, to);
  if (mine !== null && !isAnother(container, mine)) {
    if (mine.state === to) return [];
    const { startedAt } = container;
    const begun = !isOver(to) && startedAt !== null && startedAt > mine.since ? startedAt : now;
    const at = isOver(to) ? instantOf(container, to, now) : begun;
    return [{ ...refOf(mine), ...facts, from: mine.state, at, cause: null }];
  }
  const before: LifeChange[] = [];
  if (mine !== null && !isOver(mine.state)) {
    const at = container.startedAt ?? now;
    before.push(ended(mine, "destroyed", at, `container ${container.name} was started anew`));
  }
  const replaces = mine === null && latest !== null && latest.inferred;
  const generation = latest === null ? 1 : latest.generation + (replaces ? 0 : 1);
  const from = replaces ? latest.state : null;
  const at = instantOf(container, to, now);
  const cause = causeOf(container, lives);
  if (isOver(to) && from === null && container.startedAt !== null) {
    const begun = { ...facts, to: "alive" as const, exitCode: null, evidence: `container ${container.name} ran` };
    before.push({ role, app, generation, ...begun, from, at: container.startedAt, cause });
    return [...before, { role, app, generation, ...facts, from: "alive", at, cause: null }];
  }
  return [...before, { role, app, generation, ...facts, from, at, cause }];
}

/** It was started after what is known of it: another run, whatever it is called. */
function isAnother(container: ContainerFacts, mine: Life): boolean {
  if (container.startedAt === null) return isOver(mine.state) && !isOver(container.state);
  return container.startedAt > mine.since && !(mine.state === "planned" || mine.state === "starting");
}

/** One that should go on for ever and ended well was stopped. */
function stateIn(role: HafRole, { state }: ContainerFacts): HafRoleState {
  return state === "done" && !ONE_SHOT.includes(role) ? "destroyed" : state;
}

function instantOf(container: ContainerFacts, to: HafRoleState, now: EpochMs): EpochMs {
  if (isOver(to)) return container.finishedAt ?? now;
  return to === "alive" && container.startedAt !== null ? laterOf(container.startedAt, now) : now;
}
const laterOf = (startedAt: EpochMs, now: EpochMs): EpochMs => (startedAt > now ? now : startedAt);

function factsOf(container: ContainerFacts, to: HafRoleState) {
  const { name, image, host, exitCode } = container;
  const code = isOver(to) ? exitCode : null;
  const evidence = code === null ? `container ${name} is ${to}` : `container ${name} ended with exit code ${code}`;
  return { to, inferred: false, exitCode: code, evidence, container: { name, image, host } };
}

function ended(life: Life, to: HafRoleState, at: EpochMs, evidence: string): LifeChange {
  const { container } = life;
  return {
    ...refOf(life),
    from: life.state,
    to,
    inferred: false,
    cause: null,
    exitCode: null,
    evidence,
    container,
    at,
  };
}

/** The life of the first service it waited for, as far as that is one of the process. */
function causeOf(container: ContainerFacts, lives: readonly Life[]): HafRoleRef | null {
  for (const service of container.dependsOn) {
    const named = roleOfService(service);
    if (named === null) continue;
    const apps = lives.flatMap((life) => life.app ?? []);
    const life = latestLife(lives, named.role, named.app === null ? null : appOfService(named.app, apps));
    if (life !== null) return refOf(life);
  }
  return null;
}
