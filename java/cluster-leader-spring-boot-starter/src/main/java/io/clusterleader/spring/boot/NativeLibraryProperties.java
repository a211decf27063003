package io.clusterleader.spring.boot;

import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.env.Environment;

/**
 * Hands what the environment says of the native library to what loads it, which reads system properties: before any bean
 * is made that might ask who leads.
 */
final class NativeLibraryProperties implements BeanFactoryPostProcessor {
    private final Environment environment;

    NativeLibraryProperties(Environment environment) {
        this.environment = environment;
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory beanFactory) {
        hand("cluster-leader.native.path");
        hand("cluster-leader.native.workdir");
    }

    private void hand(String property) {
        String value = environment.getProperty(property);
        if (value != null && !value.isEmpty()) {
            System.setProperty(property, value);
        }
    }
}
