package io.clusterleader;

import io.clusterleader.spi.CandidacyLedger;

/** A ledger that the native library keeps. */
final class NativeLedger implements CandidacyLedger {
    private final long handle;

    NativeLedger(long handle) {
        this.handle = handle;
    }

    @Override
    public String[] get(String name) {
        return Native.ledgerGet(handle, name);
    }

    @Override
    public String[] entries() {
        return Native.ledgerEntries(handle);
    }

    @Override
    public String state() {
        return Native.ledgerState(handle);
    }

    @Override
    public boolean isHandedOver() {
        return Native.ledgerIsHandedOver(handle);
    }

    @Override
    public String json() {
        return Native.ledgerJson(handle);
    }

    @Override
    public boolean put(String name, long startedNanosAgo, long endedNanosAgo, byte[] bytes) {
        return Native.ledgerPut(handle, name, startedNanosAgo, endedNanosAgo, bytes);
    }

    @Override
    public boolean remove(String name) {
        return Native.ledgerRemove(handle, name);
    }

    @Override
    public boolean flush(long nanos) {
        return Native.ledgerFlush(handle, nanos);
    }
}
