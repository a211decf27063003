package io.clusterleader;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Daemon threads: they never keep a JVM from ending, nor a class loader from being collected. */
final class DaemonThread {
    private DaemonThread() {}

    static Thread named(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        // Else it would hold on to that of whichever application came first.
        thread.setContextClassLoader(null);
        return thread;
    }

    /** Runs tasks one after another, on a thread that ends when nothing came for a while. */
    static Executor executor(String name) {
        ThreadPoolExecutor executor = new ThreadPoolExecutor(
                1, 1, 2, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> named(name, work));
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }
}
