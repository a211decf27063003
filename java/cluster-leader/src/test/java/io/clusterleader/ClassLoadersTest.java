package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A servlet container that deploys an application anew, a hundred times. */
@Execution(ExecutionMode.CONCURRENT)
class ClassLoadersTest {
    @TempDir
    private Path directory;

    static List<Path> javas() {
        return Javas.all();
    }

    @ParameterizedTest
    @MethodSource("javas")
    void g11_a_hundred_applications_that_come_and_go_leave_nothing_that_grows(Path java) {
        List<String> options = new ArrayList<>(Javas.nativeAccess(java));
        options.addAll(List.of("-Dcluster-leader.store=file:" + directory, "-Xcheck:jni"));
        try (ChildJvm child = ChildJvm.run(java, Map.of(), options, Deployments.class, TestJar.create(directory).toString())) {
            long[] before = numbers(child.await("left: "));
            long[] after = numbers(child.await("left: "));
            assertEquals(0, child.exitCode(), child::output);
            assertFalse(child.output().contains("WARNING in native") || child.output().contains("FATAL"), child::output);
            String told = Deployments.WHAT + ": " + Arrays.toString(before) + ", and a hundred later " + Arrays.toString(after);
            System.out.println(java + ": " + told);
            assertEquals(0, after[0], told);
            assertTrue(after[1] <= before[1] + 50, told);
            assertTrue(after[2] <= before[2] + 1, told);
            // tokio keeps a pair of sockets for signals, of which nobody asked it, in each copy of the library.
            assertTrue(after[3] <= before[3] + 2 * 100, told);
            assertTrue(after[4] <= before[4] + 200, told);
            assertTrue(after[5] <= before[5] + 1_000, told);
        }
    }

    private static long[] numbers(String line) {
        return Stream.of(line.substring("left: ".length()).split(" ")).mapToLong(Long::parseLong).toArray();
    }

    static final class Deployments {
        private static final String WHAT = "mappings of the library, all mappings, threads, open files, classes, KiB of metaspace";

        private static final Path MAPS = Path.of("/proc/self/maps");

        private Deployments() {}

        public static void main(String[] arguments) throws Exception {
            URL jar = Path.of(arguments[0]).toUri().toURL();
            for (int times : List.of(20, 100)) {
                List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
                for (int time = 0; time < times; time++) {
                    loaders.add(deployOnce(jar));
                }
                Await.until("all are collected", () -> {
                    System.gc();
                    return loaders.stream().allMatch(loader -> loader.get() == null) && libraries() == 0;
                });
                System.out.println("left: " + libraries() + " " + Files.readAllLines(MAPS).size() + " " + entries("task") + " "
                        + entries("fd") + " " + ManagementFactory.getClassLoadingMXBean().getLoadedClassCount() + " " + metaspace());
            }
        }

        private static WeakReference<ClassLoader> deployOnce(URL jar) throws Exception {
            try (URLClassLoader loader = new URLClassLoader(new URL[] {jar}, ClassLoader.getPlatformClassLoader())) {
                Class<?> type = loader.loadClass(ClusterLeader.class.getName());
                Await.until("it leads", () -> {
                    try {
                        return (boolean) type.getMethod("isThisInstanceLeader").invoke(null);
                    } catch (ReflectiveOperationException failure) {
                        throw new AssertionError(failure);
                    }
                });
                ((AutoCloseable) type.getMethod("thisInstance").invoke(null)).close();
                return new WeakReference<>(loader);
            }
        }

        private static long libraries() {
            try (Stream<String> maps = Files.lines(MAPS)) {
                return maps.filter(line -> line.contains("libcluster_leader")).count();
            } catch (IOException failure) {
                throw new AssertionError(failure);
            }
        }

        private static long entries(String folder) throws IOException {
            try (Stream<Path> entries = Files.list(Path.of("/proc/self", folder))) {
                return entries.count();
            }
        }

        private static long metaspace() {
            return ManagementFactory.getMemoryPoolMXBeans().stream()
                    .filter(pool -> pool.getName().equals("Metaspace"))
                    .mapToLong(pool -> pool.getUsage().getUsed() / 1024)
                    .sum();
        }
    }
}
