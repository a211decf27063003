/**
 * Jobs that run on the leader only.
 *
 * <p>{@link io.clusterleader.spring.EnableClusterLeader} or the Spring Boot starter sets it up. Then methods with
 * {@link io.clusterleader.spring.LeaderOnly}, and if so configured all scheduled ones but those with {@link
 * io.clusterleader.spring.EveryInstance}, run where {@link io.clusterleader.spring.ClusterLeaderService} says yes. They
 * have ended before leadership is given back when the application stops.
 */
@NullMarked
package io.clusterleader.spring;

import org.jspecify.annotations.NullMarked;
