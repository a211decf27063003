package io.clusterleader.test;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.test.context.ContextConfigurationAttributes;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.ContextCustomizerFactory;
import org.springframework.test.context.MergedContextConfiguration;
import org.springframework.test.context.TestContextAnnotationUtils;

/**
 * Keeps Spring from handing a context that another test class made without control, and whose elections are the native
 * library's, to a class with {@link ControlledElections}; and the other way round. Found by Spring's test framework.
 */
final class ControlledContexts implements ContextCustomizerFactory {
    @Override
    public @Nullable ContextCustomizer createContextCustomizer(
            Class<?> testClass, List<ContextConfigurationAttributes> configAttributes) {
        return TestContextAnnotationUtils.hasAnnotation(testClass, ControlledElections.class) ? Controlled.YES : null;
    }

    /** Part of the key by which Spring caches contexts, and nothing else. */
    private enum Controlled implements ContextCustomizer {
        YES;

        @Override
        public void customizeContext(ConfigurableApplicationContext context, MergedContextConfiguration mergedConfig) {
            // It is joined under control: nothing is to be done.
        }
    }
}
