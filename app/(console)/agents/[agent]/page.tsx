import { AgentPage } from "#components/agents/agent-page.tsx";

interface Props {
  readonly params: Promise<{ readonly agent: string }>;
}

export default async function Page({ params }: Props) {
  const { agent } = await params;
  return <AgentPage agentId={decodeURIComponent(agent)} />;
}
