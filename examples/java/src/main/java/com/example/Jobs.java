package com.example;

import io.clusterleader.ClusterLeader;

/** A job that runs once a second, in one of all the processes that are started like this. */
public class Jobs {
    public static void main(String[] arguments) throws InterruptedException {
        while (true) {
            if (ClusterLeader.isThisInstanceLeader()) {
                System.out.println("the job runs here");
            }
            Thread.sleep(1_000);
        }
    }
}
