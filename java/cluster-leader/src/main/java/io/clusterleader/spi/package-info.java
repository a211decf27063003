/** What takes the place of the native library in tests. */
@NullMarked
package io.clusterleader.spi;

import org.jspecify.annotations.NullMarked;
