package searchnode;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.index.reindex.ReindexPlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * One OpenSearch node on 127.0.0.1. Arguments: its home folder, its HTTP port.
 *
 * <p>Node's protected constructor takes plugins from the class path, so that neither the distribution nor its
 * plugin installer is needed. What the distribution's start would check about the machine is not checked.
 */
public final class SearchNode extends Node {

    private static final String NAME = "test";
    /** By name: Maven cannot compile against jars inside the plugin's zip, which are there at run time only. */
    private static final String KNN = "org.opensearch.knn.plugin.KNNPlugin";

    private SearchNode(Environment environment, List<Class<? extends Plugin>> plugins) {
        super(environment, plugins, true);
    }

    public static void main(String[] arguments) throws Exception {
        Thread.setDefaultUncaughtExceptionHandler(SearchNode::endOnError);
        LogConfigurator.registerErrorListener();
        Environment environment = InternalSettingsPreparer.prepareEnvironment(
            settings(Path.of(arguments[0]).toAbsolutePath(), Integer.parseInt(arguments[1])), Map.of(), null, () -> NAME);
        SearchNode node = new SearchNode(environment, plugins());
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node, closed)));
        node.start();
        closed.await(); // the node's own threads would not keep the process alive
    }

    private static Settings settings(Path home, int port) {
        return Settings.builder()
            .put("path.home", home.toString())
            .put("cluster.name", NAME)
            .put("node.name", NAME)
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("http.port", port)
            .put("http.type", "netty4")
            .put("transport.port", "0")
            .put("transport.type", "netty4")
            // a laptop's disk is often full enough for the node to refuse writes
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .build();
    }

    private static List<Class<? extends Plugin>> plugins() throws ClassNotFoundException {
        return List.of(
            Netty4Plugin.class,
            CommonAnalysisPlugin.class,
            ReindexPlugin.class,
            PainlessPlugin.class,
            JapaneseAnalysis.class,
            Class.forName(KNN).asSubclass(Plugin.class));
    }

    /**
     * An Error anywhere ends the process, as in the distribution. An index with one of k-NN's native engines is
     * such a case (their libraries are not in the zip): its request would wait for ever.
     */
    private static void endOnError(Thread thread, Throwable problem) {
        problem.printStackTrace();
        if (problem instanceof Error) {
            Runtime.getRuntime().halt(1);
        }
    }

    private static void close(Node node, CountDownLatch closed) {
        try {
            node.close();
        } catch (Exception problem) {
            problem.printStackTrace();
        } finally {
            closed.countDown();
        }
    }
}
