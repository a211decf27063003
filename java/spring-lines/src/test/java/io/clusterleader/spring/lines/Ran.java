package io.clusterleader.spring.lines;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Which jobs ran how often. */
class Ran {
    private final Map<String, AtomicInteger> times = new ConcurrentHashMap<>();

    void ran(String job) {
        times.computeIfAbsent(job, each -> new AtomicInteger()).incrementAndGet();
    }

    int times(String job) {
        AtomicInteger counted = times.get(job);
        return counted == null ? 0 : counted.get();
    }

    Set<String> jobs() {
        return new TreeSet<>(times.keySet());
    }

    @Override
    public String toString() {
        return new TreeMap<>(times).toString();
    }
}
