package io.clusterleader;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/** Where threads wait until something has become so. */
final class Waiting {
    private final Lock lock = new ReentrantLock();
    private final Condition somethingChanged = lock.newCondition();

    /** Has them look again. */
    void wake() {
        lock.lock();
        try {
            somethingChanged.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Whether it was so within that many nanoseconds. */
    boolean until(BooleanSupplier condition, long nanos) throws InterruptedException {
        long left = nanos;
        lock.lockInterruptibly();
        try {
            while (!condition.getAsBoolean()) {
                if (left <= 0) {
                    return false;
                }
                left = somethingChanged.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }
}
