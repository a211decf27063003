/** Sets cluster-leader up in a Spring Boot application. */
@NullMarked
package io.clusterleader.spring.boot;

import org.jspecify.annotations.NullMarked;
