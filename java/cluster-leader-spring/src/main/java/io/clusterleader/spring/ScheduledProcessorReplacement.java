package io.clusterleader.spring;

import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.core.Ordered;
import org.springframework.scheduling.annotation.ScheduledAnnotationBeanPostProcessor;

/**
 * Puts {@link GuardedScheduledProcessor} in the place of Spring's, whatever its bean is called in this line of Spring, and
 * fails the start of an application of which some scheduled methods would run unguarded.
 */
final class ScheduledProcessorReplacement implements BeanDefinitionRegistryPostProcessor, SmartInitializingSingleton, Ordered {
    private ConfigurableListableBeanFactory beanFactory;

    /** After all that registers bean definitions. */
    @Override
    public int getOrder() {
        return LOWEST_PRECEDENCE;
    }

    @Override
    public void postProcessBeanDefinitionRegistry(BeanDefinitionRegistry registry) {
        ConfigurableListableBeanFactory factory = (ConfigurableListableBeanFactory) registry;
        for (String name : processors(factory)) {
            if (factory.getType(name, false) == ScheduledAnnotationBeanPostProcessor.class) {
                registry.removeBeanDefinition(name);
                RootBeanDefinition guarded = new RootBeanDefinition(GuardedScheduledProcessor.class);
                guarded.setRole(BeanDefinition.ROLE_INFRASTRUCTURE);
                // Not @Autowired: where it is processed ahead of time, nobody looks for that yet when this one is made.
                guarded.setFactoryMethodName("of");
                guarded.setAutowireMode(RootBeanDefinition.AUTOWIRE_CONSTRUCTOR);
                registry.registerBeanDefinition(name, guarded);
            }
        }
    }

    private static String[] processors(ConfigurableListableBeanFactory factory) {
        return factory.getBeanNamesForType(ScheduledAnnotationBeanPostProcessor.class, true, false);
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory factory) {
        beanFactory = factory;
    }

    @Override
    public void afterSingletonsInstantiated() {
        for (String name : processors(beanFactory)) {
            Class<?> type = beanFactory.getType(name, false);
            if (type != null && !GuardedScheduledProcessor.class.isAssignableFrom(type)) {
                throw new IllegalStateException("The bean \"" + name + "\" of the type " + type.getName()
                        + " schedules methods, which would run on every instance though they are to run on the leader only."
                        + " Remove that bean: @EnableScheduling is enough.");
            }
        }
    }
}
