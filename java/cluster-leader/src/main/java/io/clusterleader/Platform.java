package io.clusterleader;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.List;
import java.util.Locale;

/** The platform this JVM runs on, by the names that the native libraries have in the jar. */
final class Platform {
    private Platform() {}

    /** As in {@code linux-x86_64} or {@code linux-aarch64-musl}. */
    static String name() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT).replace(' ', '-');
        String arch = System.getProperty("os.arch").replace("amd64", "x86_64");
        return os + "-" + arch + (libc().equals("musl") ? "-musl" : "");
    }

    /** The name, for people. */
    static String described() {
        return isLinux() ? name() + " (" + libc() + ")" : name();
    }

    static boolean isLinux() {
        return System.getProperty("os.name").equals("Linux");
    }

    /** The C library that this process runs on is mapped into it. */
    private static String libc() {
        try {
            return libc(Files.readAllLines(Paths.get("/proc/self/maps"), StandardCharsets.ISO_8859_1));
        } catch (IOException notLinux) {
            return "unknown";
        }
    }

    static String libc(List<String> maps) {
        return maps.stream().anyMatch(Platform::isMusl) ? "musl" : "glibc";
    }

    /** Its loader, which is its C library too, is a symbolic link to libc.so in some distributions. */
    private static boolean isMusl(String mapping) {
        Path file = Paths.get(mapping.substring(mapping.lastIndexOf(' ') + 1)).getFileName();
        String name = String.valueOf(file);
        return name.startsWith("ld-musl-") || name.startsWith("libc.musl-") || name.equals("libc.so");
    }
}
