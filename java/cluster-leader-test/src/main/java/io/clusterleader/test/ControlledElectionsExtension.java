package io.clusterleader.test;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestInstanceFactoryContext;
import org.junit.jupiter.api.extension.TestInstancePreConstructCallback;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * Keeps the elections under control for as long as {@link ControlledElections} says. The control is in the store of the
 * class or method that the annotation is on, where those within find it.
 */
final class ControlledElectionsExtension
        implements TestInstancePreConstructCallback,
                BeforeAllCallback,
                AfterAllCallback,
                BeforeEachCallback,
                AfterEachCallback,
                ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(ControlledElectionsExtension.class);

    /** With one instance for all tests of a class, it and what other extensions inject are made before {@link #beforeAll}. */
    @Override
    public void preConstructTestInstance(TestInstanceFactoryContext factory, ExtensionContext context) {
        beforeAll(context);
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        Optional<ControlledElections> onClass = annotation(context);
        if (onClass.isPresent() && control(context) == null) {
            open(context, onClass.get());
        }
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        ControlledElections nearest = annotation(context).orElseThrow(() -> new IllegalStateException(
                "This extension is registered by the annotation @ControlledElections: use that in place of @ExtendWith."));
        ElectionControl ofClass = control(context);
        if (ofClass == null) {
            open(context, nearest);
        } else {
            ofClass.begin(nearest.leading());
        }
    }

    @Override
    public void afterEach(ExtensionContext context) {
        close(context);
        ElectionControl ofClass = control(context);
        if (ofClass != null) {
            ofClass.end();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        close(context);
    }

    private static void open(ExtensionContext context, ControlledElections annotation) {
        context.getStore(NAMESPACE).put(ElectionControl.class, ElectionControl.open(annotation.leading()));
    }

    /** What was opened at a class further out stays. */
    private static void close(ExtensionContext context) {
        ElectionControl openedHere = context.getStore(NAMESPACE).remove(ElectionControl.class, ElectionControl.class);
        if (openedHere != null) {
            openedHere.close();
        }
    }

    private static @Nullable ElectionControl control(ExtensionContext context) {
        return context.getStore(NAMESPACE).get(ElectionControl.class, ElectionControl.class);
    }

    /** The annotation of the method or class, or of the nearest one around it. */
    private static Optional<ControlledElections> annotation(ExtensionContext context) {
        Optional<ControlledElections> here = AnnotationSupport.findAnnotation(context.getElement(), ControlledElections.class);
        return here.isPresent() ? here : context.getParent().flatMap(ControlledElectionsExtension::annotation);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == ControlledElection.class || type == ElectionControl.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        ElectionControl control = control(context);
        if (control == null) {
            throw new ParameterResolutionException("The elections are under control within tests that bear @ControlledElections: put"
                    + " it on the class, so that its constructor may have the parameter " + parameter.getParameter() + ".");
        }
        if (parameter.getParameter().getType() == ElectionControl.class) {
            return control;
        }
        return parameter.findAnnotation(ElectionNamed.class)
                .map(named -> control.election(named.value()))
                .orElseGet(control::election);
    }
}
