import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/** Writes beside each native library the checksum that NativeLibrary compares it with. Run by the build: no part of the jar. */
class Checksums {
    public static void main(String[] arguments) throws IOException {
        try (Stream<Path> files = Files.walk(Path.of(arguments[0]))) {
            List<Path> libraries = files.filter(file -> file.toString().endsWith(".so")).toList();
            if (libraries.isEmpty()) {
                throw new IllegalStateException("There is no native library in " + arguments[0] + ".");
            }
            for (Path library : libraries) {
                CRC32 crc = new CRC32();
                crc.update(Files.readAllBytes(library));
                Files.writeString(Path.of(library + ".crc32"), Long.toHexString(crc.getValue()) + "\n");
            }
        }
    }
}
