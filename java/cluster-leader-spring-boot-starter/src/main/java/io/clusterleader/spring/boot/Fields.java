package io.clusterleader.spring.boot;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The fields of a JSON object, in their order. A map, since those of a class would be renamed and have nulls as the Jackson
 * of the application was told.
 */
final class Fields {
    private final Map<String, Object> fields = new LinkedHashMap<>();

    /** A number, a text, a boolean, or a list of such maps. */
    Fields with(String name, Object value) {
        fields.put(name, value);
        return this;
    }

    Fields with(String name, Instant time) {
        return with(name, time.toString());
    }

    /** Left out where it is empty. */
    Fields with(String name, Optional<?> value) {
        value.ifPresent(present -> with(name, present instanceof Instant time ? time.toString() : present));
        return this;
    }

    /** Left out where it is empty. */
    Fields with(String name, OptionalLong value) {
        value.ifPresent(present -> with(name, present));
        return this;
    }

    /** As a text, since it may not fit a double. */
    Fields withToken(OptionalLong token) {
        token.ifPresent(present -> with("fencingToken", String.valueOf(present)));
        return this;
    }

    Map<String, Object> asMap() {
        return fields;
    }
}
