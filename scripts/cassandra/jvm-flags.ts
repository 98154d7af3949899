/** Heap of one node. Cassandra's own start script would take a quarter of the machine. */
const HEAP_MB = 512;

/** What Cassandra 5.0 reaches into on Java 17. Source: apache/cassandra conf/jvm17-server.options. */
const MODULES = [
  ["exports", "java.base/jdk.internal.misc"],
  ["exports", "java.management.rmi/com.sun.jmx.remote.internal.rmi"],
  ["exports", "java.rmi/sun.rmi.registry"],
  ["exports", "java.rmi/sun.rmi.server"],
  ["exports", "java.sql/java.sql"],
  ["exports", "java.base/java.lang.ref"],
  ["exports", "jdk.unsupported/sun.misc"],
  ["opens", "java.base/java.lang.module"],
  ["opens", "java.base/jdk.internal.loader"],
  ["opens", "java.base/jdk.internal.ref"],
  ["opens", "java.base/jdk.internal.reflect"],
  ["opens", "java.base/jdk.internal.math"],
  ["opens", "java.base/jdk.internal.module"],
  ["opens", "java.base/jdk.internal.util.jar"],
  ["opens", "jdk.management/com.sun.management.internal"],
  ["opens", "java.base/sun.nio.ch"],
  ["opens", "java.base/java.io"],
  ["opens", "java.base/java.lang.reflect"],
  ["opens", "java.base/java.lang"],
  ["opens", "java.base/java.util"],
] as const;

/** Arguments of `java` up to the class path, for a node whose files lie in `directory`. */
export function jvmFlags(directory: string): readonly string[] {
  return [
    `-Xms${HEAP_MB}m`,
    `-Xmx${HEAP_MB}m`,
    "-Xss512k",
    "-XX:MaxDirectMemorySize=256m",
    // A node lives for seconds or minutes: compile little, collect simply, write no statistics file to /tmp.
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    ...MODULES.flatMap(([kind, target]) => [`--add-${kind}`, `${target}=ALL-UNNAMED`]),
    "-Djdk.attach.allowAttachSelf=true",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Djava.net.preferIPv4Stack=true",
    `-Djava.io.tmpdir=${directory}/tmp`,
    `-Dcassandra.config=file://${directory}/cassandra.yaml`,
    `-Dcassandra-rackdc.properties=file://${directory}/cassandra-rackdc.properties`,
    `-Dlogback.configurationFile=${directory}/logback.xml`,
    `-Dcassandra.storagedir=${directory}`,
    `-Dcassandra.logdir=${directory}`,
    "-Dcassandra-foreground=yes",
    // Waits that serve clusters of machines; these nodes share one.
    "-Dcassandra.ring_delay_ms=60000",
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.superuser_setup_delay_ms=0",
    "-Dcassandra.size_recorder_interval=0",
    "-Dcassandra.shutdown_announce_in_ms=200",
  ];
}
