// Tells ThreadSanitizer what absl::Mutex, CondVar, Notification and Status order.
//
// The distribution's Abseil is compiled without ThreadSanitizer, so its locks are invisible and
// everything they guard looks like a race. The linker's --wrap (BerthToolchain.cmake) sends our
// calls through here. Used by the tsan preset only.

#include <sanitizer/tsan_interface.h>
#include <unistd.h>

#include <cstdint>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

using absl::Condition;
using absl::CondVar;
using absl::Duration;
using absl::Mutex;
using absl::Notification;
using absl::Time;

#define MUTEX(name) _ZN4absl7debian35Mutex##name
#define CONDVAR(name) _ZN4absl7debian37CondVar##name
#define CONCATENATE(a, b) a##b
#define EXPAND_CONCATENATE(a, b) CONCATENATE(a, b)
#define REAL(symbol) EXPAND_CONCATENATE(__real_, symbol)
#define WRAP(symbol) EXPAND_CONCATENATE(__wrap_, symbol)

#define UNREF _ZN4absl7debian36Status15UnrefNonInlinedEm
#define NOTIFY _ZN4absl7debian312Notification6NotifyEv
#define WAIT_FOR_NOTIFICATION _ZNK4absl7debian312Notification19WaitForNotificationEv
#define WAIT_FOR_NOTIFICATION_WITH_TIMEOUT \
  _ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE

extern "C" {

void REAL(MUTEX(4LockEv))(Mutex*);
void REAL(MUTEX(6UnlockEv))(Mutex*);
bool REAL(MUTEX(7TryLockEv))(Mutex*);
void REAL(MUTEX(10ReaderLockEv))(Mutex*);
void REAL(MUTEX(12ReaderUnlockEv))(Mutex*);
void REAL(CONDVAR(4WaitEPNS0_5MutexE))(CondVar*, Mutex*);
bool REAL(CONDVAR(15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE))(CondVar*, Mutex*, Duration);
bool REAL(CONDVAR(16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE))(CondVar*, Mutex*, Time);
void REAL(UNREF)(std::uintptr_t);
void REAL(NOTIFY)(Notification*);
void REAL(WAIT_FOR_NOTIFICATION)(const Notification*);
bool REAL(WAIT_FOR_NOTIFICATION_WITH_TIMEOUT)(const Notification*, Duration);

void WRAP(MUTEX(4LockEv))(Mutex* mutex) {
  REAL(MUTEX(4LockEv))(mutex);
  __tsan_acquire(mutex);
}

void WRAP(MUTEX(6UnlockEv))(Mutex* mutex) {
  __tsan_release(mutex);
  REAL(MUTEX(6UnlockEv))(mutex);
}

bool WRAP(MUTEX(7TryLockEv))(Mutex* mutex) {
  const bool locked = REAL(MUTEX(7TryLockEv))(mutex);
  if (locked) __tsan_acquire(mutex);
  return locked;
}

void WRAP(MUTEX(10ReaderLockEv))(Mutex* mutex) {
  REAL(MUTEX(10ReaderLockEv))(mutex);
  __tsan_acquire(mutex);
}

void WRAP(MUTEX(12ReaderUnlockEv))(Mutex* mutex) {
  __tsan_release(mutex);
  REAL(MUTEX(12ReaderUnlockEv))(mutex);
}

// Abseil evaluates a condition inside the library, before an acquire could be told: polled here
// instead.
bool WRAP(MUTEX(17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE))(Mutex* mutex,
                                                                  const Condition& condition,
                                                                  Time deadline) {
  while (!condition.Eval()) {
    if (absl::Now() >= deadline) return false;
    WRAP(MUTEX(6UnlockEv))(mutex);
    ::usleep(500);
    WRAP(MUTEX(4LockEv))(mutex);
  }
  return true;
}

bool WRAP(MUTEX(16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE))(Mutex* mutex,
                                                                     const Condition& condition,
                                                                     Duration timeout) {
  return WRAP(MUTEX(17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE))(mutex, condition,
                                                                      absl::Now() + timeout);
}

void WRAP(MUTEX(5AwaitERKNS0_9ConditionE))(Mutex* mutex, const Condition& condition) {
  WRAP(MUTEX(17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE))
  (mutex, condition, absl::InfiniteFuture());
}

void WRAP(MUTEX(8LockWhenERKNS0_9ConditionE))(Mutex* mutex, const Condition& condition) {
  WRAP(MUTEX(4LockEv))(mutex);
  WRAP(MUTEX(5AwaitERKNS0_9ConditionE))(mutex, condition);
}

void WRAP(CONDVAR(4WaitEPNS0_5MutexE))(CondVar* condition, Mutex* mutex) {
  __tsan_release(mutex);
  REAL(CONDVAR(4WaitEPNS0_5MutexE))(condition, mutex);
  __tsan_acquire(mutex);
}

bool WRAP(CONDVAR(15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE))(CondVar* condition, Mutex* mutex,
                                                                 Duration timeout) {
  __tsan_release(mutex);
  const bool timed_out =
      REAL(CONDVAR(15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE))(condition, mutex, timeout);
  __tsan_acquire(mutex);
  return timed_out;
}

bool WRAP(CONDVAR(16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE))(CondVar* condition, Mutex* mutex,
                                                              Time deadline) {
  __tsan_release(mutex);
  const bool timed_out =
      REAL(CONDVAR(16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE))(condition, mutex, deadline);
  __tsan_acquire(mutex);
  return timed_out;
}

// The last reference deletes what the others have read.
void WRAP(UNREF)(std::uintptr_t representation) {
  __tsan_release(reinterpret_cast<void*>(representation));
  __tsan_acquire(reinterpret_cast<void*>(representation));
  REAL(UNREF)(representation);
}

void WRAP(NOTIFY)(Notification* notification) {
  __tsan_release(notification);
  REAL(NOTIFY)(notification);
}

void WRAP(WAIT_FOR_NOTIFICATION)(const Notification* notification) {
  REAL(WAIT_FOR_NOTIFICATION)(notification);
  __tsan_acquire(const_cast<Notification*>(notification));
}

bool WRAP(WAIT_FOR_NOTIFICATION_WITH_TIMEOUT)(const Notification* notification, Duration timeout) {
  const bool notified = REAL(WAIT_FOR_NOTIFICATION_WITH_TIMEOUT)(notification, timeout);
  if (notified) __tsan_acquire(const_cast<Notification*>(notification));
  return notified;
}

}  // extern "C"
