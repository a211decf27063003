package io.clusterleader.spring;

import io.clusterleader.ClusterLeader;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a call returns that is left out. */
final class NotLeading {
    private static final Map<Class<?>, Object> NOTHING = Map.of(
            Optional.class, Optional.empty(),
            OptionalInt.class, OptionalInt.empty(),
            OptionalLong.class, OptionalLong.empty(),
            OptionalDouble.class, OptionalDouble.empty());

    private NotLeading() {}

    static @Nullable Object value(LeaderOnlyJob job, Class<?> returnType, Supplier<Optional<ClusterLeader>> election) {
        if (returnType == void.class || returnType == Void.class) {
            return null;
        }
        Object nothing = NOTHING.get(returnType);
        if (nothing != null) {
            return nothing;
        }
        if (returnType != Object.class && returnType.isAssignableFrom(CompletableFuture.class)) {
            return CompletableFuture.completedFuture(null);
        }
        throw new NotLeaderException(job.id(), job.election(), election.get().map(ClusterLeader::status).orElse(null));
    }
}
