/** The plans of the demo: what a Foreman with Katello runs on an ordinary day. */
import type { Random } from "#server/demo/dna/random.ts";
import type { ActionSpec, PlanSpec } from "./planner.ts";

const REPOSITORIES = [
  "rhel-9-baseos",
  "rhel-9-appstream",
  "rhel-8-baseos",
  "epel-9",
  "postgresql-16",
  "ansible-automation",
  "debian-12-security",
  "internal-tools",
] as const;
const VIEWS = ["base-os", "web-tier", "database", "build-hosts", "edge"] as const;
const ENVIRONMENTS = ["Library", "Development", "Test", "Production"] as const;
const HOSTS_QUEUE = "hosts_queue";

/** Host names of the demo's estate. */
export const hostOf = (random: Random): string =>
  `${pick(random, ["web", "db", "build", "edge", "mail"])}-${String(1 + random.below(40)).padStart(2, "0")}.example.test`;

export function pick<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[random.below(items.length)] ?? items[0];
}

export interface PlanKind {
  readonly name: string;
  /** How often it arrives, against the others. */
  readonly weight: number;
  spec(random: Random): PlanSpec;
}

const repositoryInput = (random: Random) => {
  const name = pick(random, REPOSITORIES);
  return { id: 10 + random.below(90), name, content_type: name.startsWith("debian") ? "deb" : "yum" };
};

/** `Pulp3` work: a task that is polled, and what is made of its result. */
const pulpTask = (name: string): ActionSpec => ({ class: `Actions::Pulp3::${name}`, run: { weight: 5 } });

function repositorySync(random: Random): ActionSpec {
  const repository = repositoryInput(random);
  return {
    class: "Actions::Katello::Repository::Sync",
    input: { repository, remote_user: "admin", locale: "en", current_timestamp: null },
    finalize: true,
    children: [
      {
        class: "Actions::Pulp3::Orchestration::Repository::Sync",
        children: [
          { ...pulpTask("Repository::Sync"), input: { repo_id: repository.id, smart_proxy_id: 1 } },
          {
            class: "Actions::Pulp3::Repository::SaveVersion",
            input: { repository_id: repository.id },
            run: {},
            fromPrevious: { version_href: "version_href" },
          },
          {
            class: "Actions::Pulp3::Orchestration::Repository::GenerateMetadata",
            children: [
              { ...pulpTask("Repository::CreatePublication"), input: { repository_id: repository.id } },
              {
                class: "Actions::Pulp3::Repository::SavePublication",
                input: { repository_id: repository.id },
                run: {},
                fromPrevious: { publication_href: "publication_href" },
              },
            ],
          },
          { ...pulpTask("Repository::RefreshDistribution"), input: { repository_id: repository.id } },
        ],
      },
      { class: "Actions::Katello::Repository::IndexContent", input: { id: repository.id }, run: { weight: 2 } },
      {
        class: "Actions::Katello::Repository::FetchPxeFiles",
        input: { id: repository.id },
        run: {},
      },
      { class: "Actions::Katello::Repository::ErrataMail", input: { repo: repository.id }, run: {} },
    ],
  };
}

function contentViewPublish(random: Random): ActionSpec {
  const view = { id: 1 + random.below(20), name: pick(random, VIEWS) };
  const repositories = Array.from({ length: 2 + random.below(3) }, () => repositoryInput(random));
  return {
    class: "Actions::Katello::ContentView::Publish",
    input: { content_view: view, environment_id: 1, description: "", current_user: "admin" },
    finalize: true,
    children: [
      { class: "Actions::Katello::ContentViewVersion::BeforePublishHook", input: { id: view.id }, run: {} },
      {
        class: "Actions::Katello::ContentViewVersion::CreateRepos",
        childrenRun: "together",
        children: repositories.map((repository) => ({
          class: "Actions::Katello::Repository::CloneToVersion",
          input: { repository },
          finalize: true,
          children: [
            { ...pulpTask("Repository::MultiCopyContent"), input: { source: repository.id } },
            {
              class: "Actions::Pulp3::Repository::SaveVersions",
              run: {},
              input: { repository_ids: [repository.id] },
              fromPrevious: { tasks: "task_hrefs" },
            },
          ],
        })),
      },
      { class: "Actions::Candlepin::Environment::SetContent", input: { content_view_id: view.id }, run: { weight: 2 } },
      { class: "Actions::Katello::Foreman::ContentUpdate", input: { content_view_id: view.id }, finalize: true },
      { class: "Actions::Katello::ContentViewVersion::AfterPublishHook", input: { id: view.id }, run: {} },
    ],
  };
}

function contentViewPromote(random: Random): ActionSpec {
  const view = { id: 1 + random.below(20), name: pick(random, VIEWS) };
  return {
    class: "Actions::Katello::ContentView::Promote",
    input: { content_view: view, environments: [pick(random, ENVIRONMENTS)], version: `${1 + random.below(40)}.0` },
    children: [
      {
        class: "Actions::Katello::ContentView::PromoteToEnvironment",
        input: { content_view: view },
        finalize: true,
        children: [
          {
            class: "Actions::Katello::Repository::CloneToEnvironment",
            input: { repository: repositoryInput(random) },
            run: { weight: 2 },
          },
          { class: "Actions::Candlepin::Environment::SetContent", input: { content_view_id: view.id }, run: {} },
        ],
      },
    ],
  };
}

function capsuleSync(random: Random): ActionSpec {
  const proxy = { id: 2 + random.below(4), name: `proxy-${1 + random.below(4)}.example.test` };
  const repositories = Array.from({ length: 3 + random.below(4) }, () => repositoryInput(random));
  return {
    class: "Actions::Katello::CapsuleContent::Sync",
    input: { smart_proxy: proxy, environment_id: 2, content_view_id: null },
    finalize: true,
    children: [
      {
        class: "Actions::Pulp3::CapsuleContent::RefreshAllDistributions",
        input: { smart_proxy_id: proxy.id },
        run: {},
      },
      {
        class: "Actions::Katello::CapsuleContent::SyncCapsule",
        input: { smart_proxy_id: proxy.id },
        childrenRun: "together",
        children: repositories.map((repository) => ({
          class: "Actions::Pulp3::CapsuleContent::Sync",
          input: { repository_id: repository.id, smart_proxy_id: proxy.id },
          run: { weight: 3 },
        })),
      },
      { class: "Actions::Katello::CapsuleContent::UpdateContentCounts", input: { smart_proxy_id: proxy.id }, run: {} },
    ],
  };
}

const importFacts = (random: Random): ActionSpec => ({
  class: "Actions::Foreman::Host::ImportFacts",
  input: { name: hostOf(random), facts_source: "Puppet", certname: hostOf(random), proxy_id: 1 },
  run: {},
  finalize: true,
});

const applicability = (random: Random): ActionSpec => ({
  class: "Actions::Katello::Applicability::Hosts::BulkGenerate",
  input: { host_ids: Array.from({ length: 3 + random.below(8) }, () => 1 + random.below(400)) },
  run: { queue: HOSTS_QUEUE },
});

/** One host of a remote job: its output comes in chunks. */
export const runHostJob = (random: Random): ActionSpec => ({
  class: "Actions::RemoteExecution::RunHostJob",
  input: {
    host: { id: 1 + random.below(400), name: hostOf(random) },
    job_category: "Commands",
    job_invocation_id: 812,
  },
  finalize: true,
  children: [
    {
      class: "Actions::RemoteExecution::ProxyAction",
      input: { script: "dnf -y upgrade --security", effective_user: "root", ssh_user: "root" },
      run: { weight: 10 },
    },
  ],
});

/** A remote job: it plans a sub-plan for each of its hosts. */
export const runHostsJob = (random: Random): ActionSpec => ({
  class: "Actions::RemoteExecution::RunHostsJob",
  input: { job_invocation: { id: 100 + random.below(900), name: "Commands" }, delegated_action_id: 2, concurrency: 5 },
  run: { queue: "default" },
});

const bulkDestroy = (random: Random): ActionSpec => ({
  class: "Actions::BulkAction",
  input: {
    action_class: "Actions::Katello::Host::Destroy",
    target_ids: [1 + random.below(400), 1 + random.below(400)],
  },
  run: { queue: "default" },
});

export const destroyHost = (random: Random): ActionSpec => ({
  class: "Actions::Katello::Host::Destroy",
  input: { host: { id: 1 + random.below(400), name: hostOf(random) } },
  finalize: true,
  children: [
    { class: "Actions::Candlepin::Consumer::Destroy", input: { uuid: "consumer" }, run: {} },
    { class: "Actions::Pulp3::Host::Unregister", run: {}, input: {} },
  ],
});

const activeJob = (job: string): ActionSpec => ({
  class: "Dynflow::ActiveJob::QueueAdapters::JobWrapper",
  input: { job_class: job, queue: "default", job_arguments: [], locale: "en" },
  run: {},
});

const insightsSync = (): ActionSpec => ({
  class: "InsightsCloud::Async::InsightsFullSync",
  input: { organizations: [1] },
  children: [
    { class: "InsightsCloud::Async::InsightsResolutionsSync", input: {}, run: {} },
    { class: "InsightsCloud::Async::InsightsRulesSync", input: {}, run: {} },
  ],
  run: {},
  ownStepsFirst: true,
});

const orphanCleanup = (): ActionSpec => ({
  class: "Actions::Katello::OrphanCleanup::RemoveOrphans",
  input: { proxy_id: 1 },
  children: [
    pulpTask("OrphanCleanup::DeleteOrphanRepositoryVersions"),
    pulpTask("OrphanCleanup::RemoveUnneededRepos"),
    pulpTask("OrphanCleanup::RemoveOrphans"),
  ],
});

const kind = (name: string, weight: number, root: (random: Random) => ActionSpec, label?: string): PlanKind => ({
  name,
  weight,
  spec: (random) => ({ root: root(random), ...(label === undefined ? {} : { label }) }),
});

/** What arrives by itself, by weight. */
export const PLAN_KINDS: readonly [PlanKind, ...PlanKind[]] = [
  kind("sync", 5, repositorySync),
  kind("publish", 3, contentViewPublish),
  kind("promote", 3, contentViewPromote),
  kind("capsule", 2, capsuleSync),
  kind("facts", 6, importFacts),
  kind("applicability", 4, applicability),
  kind("job", 2, runHostsJob),
  kind("bulk", 1, bulkDestroy),
];

/** What is planned for later, by class of its root action. */
export const DELAYED_KINDS: readonly [PlanKind, ...PlanKind[]] = [
  kind("rss", 1, () => activeJob("CreateRssNotifications"), "CreateRssNotifications"),
  kind("insights", 1, insightsSync),
  kind("orphans", 1, orphanCleanup),
  kind("sync", 1, repositorySync),
  kind("job", 1, runHostsJob),
];

/** Listens for events as long as there is an executor: always running, always suspended. */
export const LISTENER: ActionSpec = {
  class: "Actions::Katello::EventQueue::Monitor",
  input: {},
  run: {},
};

export function pickKind(random: Random, kinds: readonly [PlanKind, ...PlanKind[]]): PlanKind {
  let left = random.next() * kinds.reduce((sum, { weight }) => sum + weight, 0);
  for (const candidate of kinds) {
    left -= candidate.weight;
    if (left < 0) return candidate;
  }
  return kinds[0];
}

/** The plan that a scheduled root action of this class is planned into. */
export function specOfClass(className: string, random: Random): PlanSpec {
  const all = [...DELAYED_KINDS, ...PLAN_KINDS].map((candidate) => candidate.spec(random));
  return all.find((spec) => spec.root.class === className) ?? { root: { class: className, run: {} } };
}
