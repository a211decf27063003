package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each test loads the library anew, by a class loader of its own. */
class NativeLibraryTest {
    private static final int ELF_MACHINE = 18;
    private static final int ELF_MACHINE_X86_64 = 62;
    private static final int ELF_MACHINE_AARCH64 = 183;
    private static final String LIBRARY_PATH = "java.library.path";
    static final Path CLASSES = Path.of(ClusterLeader.class.getProtectionDomain().getCodeSource().getLocation().getPath());

    @TempDir
    private Path directory;

    private final Map<String, String> propertiesBefore = new HashMap<>();
    private final List<String> warnings = new ArrayList<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord record) {
            warnings.add(record.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        NativeLog.LOGGER.addHandler(handler);
        NativeLog.LOGGER.setUseParentHandlers(false);
    }

    @AfterEach
    void restore() {
        NativeLog.LOGGER.removeHandler(handler);
        NativeLog.LOGGER.setUseParentHandlers(true);
        propertiesBefore.forEach((name, value) -> {
            if (value == null) {
                System.clearProperty(name);
            } else {
                System.setProperty(name, value);
            }
        });
    }

    @Test
    void the_jars_library_is_unpacked_loaded_and_deleted() throws Exception {
        set(NativeLibrary.WORKDIR, directory.toString());
        load(CLASSES);
        assertTrue(isMapped(directory), () -> "not mapped from " + directory);
        assertEquals(List.of(), list(directory));
        assertEquals(List.of(), warnings);
    }

    @Test
    void the_named_library_is_loaded_in_place() throws Exception {
        Path named = Files.copy(bundled(), directory.resolve("mine.so"));
        set(NativeLibrary.PATH, named.toString());
        load(CLASSES);
        assertTrue(isMapped(named));
    }

    @Test
    void a_named_library_that_cannot_be_loaded_is_told_with_the_platform_and_the_fix() throws Exception {
        refused(directory.resolve("none.so"), "/none.so, which is no file", "Name the library itself");
        refused(directory, "which is no file", "Name the library itself");
        Path text = Files.writeString(directory.resolve("text.so"), "no library");
        refused(text, "/text.so could not be loaded on linux-", "(glibc)", "Name a library for this platform");
        byte[] other = Files.readAllBytes(bundled());
        boolean isArm = System.getProperty("os.arch").equals("aarch64");
        other[ELF_MACHINE] = (byte) (isArm ? ELF_MACHINE_X86_64 : ELF_MACHINE_AARCH64);
        Path elsewhere = Files.write(directory.resolve("elsewhere.so"), other);
        refused(elsewhere, "/elsewhere.so could not be loaded on linux-", isArm ? "AMD" : "AARCH64", "Name a library for this platform");
    }

    private void refused(Path named, String... parts) throws Exception {
        set(NativeLibrary.PATH, named.toString());
        assertFails(CLASSES, parts);
    }

    @Test
    void a_second_class_loader_is_told_what_to_do_about_a_named_library() throws Exception {
        set(NativeLibrary.PATH, Files.copy(bundled(), directory.resolve("mine.so")).toString());
        ClassLoader first = load(CLASSES);
        assertFails(CLASSES, "already loaded in another classloader", "each class loader then unpacks its own");
        assertEquals(Native.class.getName(), first.loadClass("io.clusterleader.Native").getName());
    }

    @Test
    void two_class_loaders_load_a_copy_each() throws Exception {
        set(NativeLibrary.WORKDIR, directory.toString());
        List<ClassLoader> loaders = List.of(load(CLASSES), load(CLASSES));
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            long copies = maps.filter(line -> line.contains(directory.toString()))
                    .map(line -> line.substring(line.indexOf(directory.toString()))).distinct().count();
            assertEquals(loaders.size(), copies);
        }
        assertEquals(List.of(), list(directory));
    }

    @Test
    void the_jars_own_library_on_the_library_path_is_loaded_in_place() throws Exception {
        Path installed = Files.copy(bundled(), directory.resolve("libcluster_leader.so"));
        set(LIBRARY_PATH, "/does/not/exist::" + directory);
        load(CLASSES);
        assertTrue(isMapped(installed));
        assertEquals(List.of(), warnings);
    }

    @Test
    void another_version_on_the_library_path_is_skipped_with_a_warning() throws Exception {
        Path installed = Files.writeString(directory.resolve("libcluster_leader.so"), "another version");
        set(LIBRARY_PATH, directory.toString());
        load(CLASSES);
        assertEquals(1, warnings.size(), warnings::toString);
        assertTrue(warnings.get(0).contains(installed + " on java.library.path: it is another version"), warnings::toString);
        assertTrue(warnings.get(0).contains(NativeLibrary.PATH), warnings::toString);
    }

    @Test
    void a_library_with_another_abi_is_refused_and_stays_so() throws Exception {
        refusedForGood("int Java_io_clusterleader_Native_abiVersion(void *env, void *type) { return 99; }",
                "has ABI 99", "needs ABI 1", NativeLibrary.PATH);
    }

    @Test
    void a_library_that_is_not_ours_is_refused_and_stays_so() throws Exception {
        refusedForGood("int something_else(void) { return 1; }", "none of cluster-leader", "abiVersion", NativeLibrary.PATH);
    }

    private void refusedForGood(String program, String... parts) throws Exception {
        Path source = Files.writeString(directory.resolve("other.c"), program);
        Path library = directory.resolve("other.so");
        int compiled;
        try {
            compiled = new ProcessBuilder("cc", "-shared", "-fPIC", "-o", library.toString(), source.toString())
                    .inheritIO().start().waitFor();
        } catch (IOException noCompiler) {
            Javas.skip("a library made of '" + program + "': " + noCompiler.getMessage());
            return;
        }
        assertEquals(0, compiled);
        set(NativeLibrary.PATH, library.toString());
        ClassLoader loader = loader(CLASSES);
        for (int call = 0; call < 2; call++) {
            assertMessage(assertThrows(RuntimeException.class, () -> load(loader)), parts);
        }
    }

    @Test
    void a_platform_without_a_library_is_named() throws Exception {
        set("os.arch", "riscv64");
        set("cluster-leader.store", "kubernetes");
        Class<?> type = loader(CLASSES).loadClass(ClusterLeader.class.getName());
        InvocationTargetException failure = assertThrows(
                InvocationTargetException.class, () -> type.getMethod("isThisInstanceLeader").invoke(null));
        assertMessage((RuntimeException) failure.getCause(),
                "no native library for linux-riscv64 (glibc)", "make native", NativeLibrary.PATH);
    }

    @Test
    void without_a_library_in_the_jar_one_on_the_library_path_is_loaded() throws Exception {
        Path installed = Files.copy(bundled(), directory.resolve("libcluster_leader.so"));
        set("os.arch", "riscv64");
        set(LIBRARY_PATH, directory.toString());
        load(CLASSES);
        assertTrue(isMapped(installed));
    }

    @Test
    void a_damaged_jar_is_refused() throws Exception {
        Path copy = directory.resolve("classes");
        try (Stream<Path> files = Files.walk(CLASSES)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(CLASSES.relativize(file)));
            }
        }
        Path library = copy.resolve(CLASSES.relativize(bundled()));
        Files.writeString(library, "damaged");
        assertFails(copy, library.getFileName() + ") does not match its checksum", "the jar is damaged");
    }

    @Test
    void a_work_directory_that_others_could_use_is_refused() throws Exception {
        Path open = Files.createDirectory(directory.resolve("open"));
        for (String permissions : List.of("rwxrwx---", "rwx----w-")) {
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString(permissions));
            set(NativeLibrary.WORKDIR, open.toString());
            assertFails(CLASSES, open + ", which can be written to by others (" + permissions + ")", "nobody else can write to");
            assertEquals(List.of(), list(open));
        }
        Path own = Files.createDirectory(directory.resolve("own"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        set(NativeLibrary.WORKDIR, Files.createSymbolicLink(directory.resolve("link"), own).toString());
        assertFails(CLASSES, "/link, which is no directory, or a symbolic link to one");
        set(NativeLibrary.WORKDIR, own.resolve("none").toString());
        assertFails(CLASSES, "/own/none, which is no directory");
        assertEquals(List.of(), list(own));
    }

    @Test
    void a_work_directory_of_another_user_is_refused() throws Exception {
        Path theirs = Files.createDirectory(directory.resolve("theirs"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        set(NativeLibrary.WORKDIR, theirs.toString());
        try {
            Files.setAttribute(theirs, "unix:uid", 12345);
        } catch (IOException notRoot) {
            // Whoever cannot give a directory away finds one that belongs to root, and cannot even write to it.
            set(NativeLibrary.WORKDIR, "/");
            assertFails(CLASSES, "could not be unpacked", NativeLibrary.WORKDIR);
            return;
        }
        assertFails(CLASSES, "/theirs, which belongs to 12345", "belongs to this process's user");
        assertEquals(List.of(), list(theirs));
    }

    @Test
    void temporary_files_that_cannot_be_executed_are_told_with_the_way_out() throws Exception {
        refusedWhereMounted("noexec", directory.toString(), "could not be loaded on linux-", "noexec", NativeLibrary.WORKDIR);
    }

    @Test
    void temporary_files_that_cannot_be_written_are_told_with_the_way_out() throws Exception {
        refusedWhereMounted("ro", directory.toString(), "could not be unpacked", "Read-only file system", NativeLibrary.WORKDIR);
    }

    private void refusedWhereMounted(String option, String... parts) {
        String mountAndRun = "mount -t tmpfs -o " + option + ",mode=700 tmpfs \"$1\" && shift && exec \"$@\"";
        String output;
        try {
            Process process = new ProcessBuilder(
                            "unshare", "--map-root-user", "--mount", "sh", "-c", mountAndRun, "sh", directory.toString(),
                            ChildJvm.thisJava().toString(), "-Djava.io.tmpdir=" + directory,
                            "-cp", System.getProperty("java.class.path"), Loads.class.getName())
                    .redirectErrorStream(true)
                    .start();
            output = new String(process.getInputStream().readAllBytes());
        } catch (IOException noUnshare) {
            output = noUnshare.getMessage();
        }
        if (!output.contains(Loads.BEGUN)) {
            Javas.skip("a file system mounted " + option + ": " + output.trim());
            return;
        }
        for (String part : parts) {
            assertTrue(output.contains(part), "no '" + part + "' in: " + output);
        }
    }

    static final class Loads {
        private static final String BEGUN = "begun";

        public static void main(String[] arguments) {
            System.out.println(BEGUN);
            try {
                NativeLibrary.load();
            } catch (ClusterLeaderException expected) {
                System.out.println(expected.getMessage());
            }
        }
    }

    @Test
    void musl_is_told_from_glibc_by_what_is_mapped() {
        String glibc = "7f8c9a000000-7f8c9a028000 r--p 00000000 08:01 1234 /usr/lib/x86_64-linux-gnu/libc.so.6";
        assertEquals("glibc", Platform.libc(List.of(glibc, "7f8c-7f8d r--p 00000000 08:01 1235 /usr/lib/libcap.so.2")));
        for (String musl : List.of("/lib/ld-musl-x86_64.so.1", "/lib/libc.musl-x86_64.so.1", "/usr/lib/libc.so")) {
            String mapping = "7f21d0a00000-7f21d0a14000 r--p 00000000 08:01 5678                     " + musl;
            assertEquals("musl", Platform.libc(List.of("7ffd-7ffe rw-p 00000000 00:00 0 [stack]", mapping)));
        }
    }

    @Test
    void g11_an_application_that_is_undeployed_leaves_no_class_loader_and_no_thread() throws Exception {
        long before = nativeThreads();
        WeakReference<ClassLoader> loader = joinAndClose(before);
        Await.until("collected, and the native thread ended", () -> {
            System.gc();
            return loader.get() == null && nativeThreads() == before;
        });
    }

    private WeakReference<ClassLoader> joinAndClose(long threadsBefore) throws Exception {
        ClassLoader loader = loader(CLASSES);
        Class<?> elections = loader.loadClass(Election.class.getName());
        Object election = elections.getMethod("named", String.class).invoke(null, "billing-jobs");
        election = elections.getMethod("store", String.class).invoke(election, "file:" + directory);
        Class<?> type = loader.loadClass(ClusterLeader.class.getName());
        AutoCloseable leader = (AutoCloseable) type.getMethod("join", elections).invoke(null, election);
        Method isLeader = type.getMethod("isLeader");
        Await.until("leads", () -> {
            try {
                return (boolean) isLeader.invoke(leader);
            } catch (ReflectiveOperationException failure) {
                throw new AssertionError(failure);
            }
        });
        assertEquals(threadsBefore + 1, nativeThreads());
        leader.close();
        return new WeakReference<>(loader);
    }

    /** By the name that the kernel knows, which for threads of Java is cut off differently. */
    private static long nativeThreads() {
        try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
            return threads.filter(NativeLibraryTest::isNativeThread).count();
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    private static boolean isNativeThread(Path thread) {
        try {
            return Files.readString(thread.resolve("comm")).trim().equals("cluster-leader");
        } catch (IOException ended) {
            return false;
        }
    }

    private static ClassLoader load(Path classes) throws Exception {
        ClassLoader loader = loader(classes);
        load(loader);
        return loader;
    }

    static ClassLoader loader(Path classes) throws IOException {
        return new URLClassLoader(new URL[] {classes.toUri().toURL()}, ClassLoader.getPlatformClassLoader());
    }

    private static void load(ClassLoader loader) throws Exception {
        Method load = loader.loadClass(NativeLibrary.class.getName()).getDeclaredMethod("load");
        load.setAccessible(true);
        try {
            load.invoke(null);
        } catch (InvocationTargetException failure) {
            throw failure.getCause() instanceof RuntimeException cause ? cause : failure;
        }
    }

    private static void assertFails(Path classes, String... parts) {
        assertMessage(assertThrows(RuntimeException.class, () -> load(classes)), parts);
    }

    private static void assertMessage(RuntimeException failure, String... parts) {
        assertEquals(ClusterLeaderException.class.getName(), failure.getClass().getName());
        for (String part : parts) {
            assertTrue(failure.getMessage().contains(part), () -> "no '" + part + "' in: " + failure.getMessage());
        }
    }

    private void set(String property, String value) {
        if (!propertiesBefore.containsKey(property)) {
            propertiesBefore.put(property, System.getProperty(property));
        }
        System.setProperty(property, value);
    }

    private static Path bundled() {
        return CLASSES.resolve("io/clusterleader/native").resolve(Platform.name()).resolve("libcluster_leader.so");
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    private static boolean isMapped(Path path) {
        try {
            return Files.readString(Path.of("/proc/self/maps")).contains(path.toString());
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }
}
