//! From problems to Java exceptions.

use std::any::Any;

use cluster_leader::Error;
use jni::errors::ErrorPolicy;
use jni::strings::{JNIStr, JNIString};
use jni::{Env, jni_str};

use crate::problem::Problem;

/// Why a native method did not return.
#[derive(Debug, thiserror::Error)]
pub(super) enum Thrown {
    #[error(transparent)]
    Problem(#[from] Box<Problem>),
    #[error("the JVM refused a call of its native interface: {0}")]
    Jvm(#[from] jni::errors::Error),
}

impl From<Error> for Thrown {
    fn from(error: Error) -> Self {
        Self::Problem(error.into())
    }
}

impl Thrown {
    fn class(&self) -> &'static JNIStr {
        match self {
            Self::Problem(problem) if matches!(**problem, Problem::Election(Error::NeverLeft { .. })) => {
                jni_str!("java/lang/IllegalArgumentException")
            }
            _ => jni_str!("io/clusterleader/ClusterLeaderException"),
        }
    }
}

/// Throws; a panic too, with its text.
pub(super) struct Throw;

impl<T: Default> ErrorPolicy<T, Thrown> for Throw {
    type Captures<'unowned_env_local: 'native_method, 'native_method> = ();

    fn on_error<'unowned_env_local: 'native_method, 'native_method>(
        env: &mut Env<'unowned_env_local>,
        (): &mut (),
        thrown: Thrown,
    ) -> jni::errors::Result<T> {
        if !env.exception_check() {
            // The caller's own class loader finds its own copy of the class: not the thread's.
            let class = env.find_class(thrown.class())?;
            let message = JNIString::new(thrown.to_string());
            // It answers that an exception is pending, which is what is wanted.
            drop(env.throw_new(class, message));
        }
        Ok(T::default())
    }

    fn on_panic<'unowned_env_local: 'native_method, 'native_method>(
        env: &mut Env<'unowned_env_local>,
        captures: &mut (),
        payload: Box<dyn Any + Send>,
    ) -> jni::errors::Result<T> {
        Self::on_error(env, captures, Problem::of_panic(payload).into())
    }
}
