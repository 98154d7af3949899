import { NodePage } from "#components/nodes/node-page.tsx";

interface Props {
  readonly params: Promise<{ readonly source: string; readonly incarnation: string }>;
}

export default async function Page({ params }: Props) {
  const { source, incarnation } = await params;
  return <NodePage source={decodeURIComponent(source)} incarnation={decodeURIComponent(incarnation)} />;
}
