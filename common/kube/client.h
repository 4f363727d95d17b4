#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/config.h"
#include "common/kube/errors.h"
#include "common/kube/http_transport.h"
#include "common/kube/json.h"
#include "common/kube/resource.h"
#include "common/kube/server_clock.h"

namespace berth::kube {

/// What a read may answer from.
enum class Consistency {
  /// The newest state, confirmed by a quorum (resourceVersion unset). What decisions rest on.
  kConsistent,
  /// Whatever the API server has in memory (resourceVersion 0); may be old.
  kAny,
};

/// How much of each object is sent.
enum class Form {
  kFull,
  /// PartialObjectMetadata: apiVersion, kind, metadata.
  kMetadata,
};

/// Whether a write is carried out.
enum class Effect {
  kApply,
  /// Admission, validation and defaulting only (dryRun=All).
  kDryRun,
};

/// Whether failures that pass by are repeated within the timeout.
enum class Retry { kWhenSafe, kNever };

/// Options of every call. `timeout` bounds it with all its repeats.
struct CallOptions {
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  Retry retry = Retry::kWhenSafe;
  std::stop_token stop = {};
};

struct GetOptions {
  Consistency consistency = Consistency::kConsistent;
  Form form = Form::kFull;
  CallOptions call = {};
};

struct ListOptions {
  std::string label_selector;
  std::string field_selector;
  Consistency consistency = Consistency::kConsistent;
  Form form = Form::kFull;
  /// Objects per page; 0 lets the server send all at once. With Consistency::kAny servers may
  /// ignore it.
  int page_size = 500;
  /// From the page before; empty for the first.
  std::string continue_token;
  CallOptions call = {};
};

/// One page of a list, or a whole one. Items carry apiVersion and kind.
struct ObjectList {
  std::vector<Json> items;
  /// The revision all items are of.
  std::string resource_version;
  /// Set if there is more.
  std::string continue_token;
};

struct WriteOptions {
  Effect effect = Effect::kApply;
  CallOptions call = {};
};

struct PatchOptions {
  /// "status" or empty.
  std::string subresource;
  Effect effect = Effect::kApply;
  CallOptions call = {};
};

/// What must still hold for a delete to be carried out; an empty field asks nothing.
struct Preconditions {
  std::string uid;
  std::string resource_version;
};

enum class Propagation { kBackground, kForeground, kOrphan };

struct DeleteOptions {
  Propagation propagation = Propagation::kBackground;
  Effect effect = Effect::kApply;
  CallOptions call = {};
};

struct WatchOptions {
  std::string label_selector;
  std::string field_selector;
  Form form = Form::kFull;
  /// Where to begin: changes after this revision.
  std::string resource_version;
  /// The server ends the watch after about this long.
  std::chrono::seconds duration = std::chrono::minutes(8);
  std::stop_token stop = {};
};

enum class WatchEventType { kAdded, kModified, kDeleted, kBookmark };

struct WatchEvent {
  WatchEventType type = WatchEventType::kAdded;
  Json object;
};

struct LogOptions {
  std::string container;
  /// The server ends the log after so many bytes; 0 for no bound.
  std::int64_t limit_bytes = 0;
  /// How long it is followed at the most.
  std::chrono::seconds duration = std::chrono::hours(1);
  std::stop_token stop = {};
};

/// The log of a container while it is written. Used by one thread; destroying it ends it.
class LogStream {
 public:
  /// `what` names the log in errors.
  LogStream(std::unique_ptr<HttpStream> stream, std::string what);

  /// The next bytes; none once the container has ended and everything was read. Errors as under
  /// errors.h: IsInvalid while the container has not started. If `idle` passes without a byte,
  /// DEADLINE_EXCEEDED; the log goes on.
  absl::StatusOr<std::optional<std::string>> Next(std::chrono::milliseconds idle);

 private:
  std::unique_ptr<HttpStream> stream_;
  std::string what_;
  bool begun_ = false;
};

/// A running watch. Used by one thread; destroying it ends it.
class Watch {
 public:
  /// `what` names the watch in errors.
  Watch(std::unique_ptr<HttpStream> stream, std::string what);
  /// Waits until the server has accepted the watch, for at most `wait` (DEADLINE_EXCEEDED). Next
  /// does it by itself.
  absl::Status Begin(std::chrono::milliseconds wait);
  /// Waits for the next event. None when the server ended the watch in order. Errors as under
  /// errors.h; IsExpired whether 410 came as HTTP status or as an ERROR event. If `idle` passes
  /// without a byte, DEADLINE_EXCEEDED; the watch goes on.
  absl::StatusOr<std::optional<WatchEvent>> Next(std::chrono::milliseconds idle);

 private:
  absl::StatusOr<WatchEvent> ParseEvent(std::string_view line) const;

  std::unique_ptr<HttpStream> stream_;
  std::string what_;
  bool begun_ = false;
  /// What has arrived; the current line begins at `line_`, and there is no line end before
  /// `scanned_`.
  std::string buffer_;
  std::size_t line_ = 0;
  std::size_t scanned_ = 0;
};

/// Calls to one API server. Blocking, thread safe; all calls share the transport's connections.
///
/// Repeats, with jittered backoff and Retry-After, within the call's timeout: reads always; writes
/// when the server cannot have acted on the first try (no connection, 429), and, if they are safe
/// to repeat, also after a lost answer or a 5xx: a Create with a name, an Update (it carries the
/// resourceVersion), a Patch that carries one, a Delete. A repeat can meet its own earlier success:
/// MayHaveBeenApplied in errors.h tells.
class Client {
 public:
  struct Options {
    /// Sent as User-Agent.
    std::string user_agent = "berth";
  };

  static absl::StatusOr<std::unique_ptr<Client>> Create(const Config& config, Options options);
  /// For tests: any transport. `clock` is borrowed.
  Client(std::unique_ptr<HttpTransport> transport, Clock& clock);
  ~Client();

  absl::StatusOr<Json> Get(const Resource& resource, const ObjectName& name,
                           const GetOptions& options = {});

  /// All pages. An empty `ns` lists all namespaces. A list whose continue token expires on the way
  /// is begun again in one piece.
  absl::StatusOr<ObjectList> List(const Resource& resource, const std::string& ns,
                                  const ListOptions& options = {});
  /// One page; go on with its continue_token.
  absl::StatusOr<ObjectList> ListPage(const Resource& resource, const std::string& ns,
                                      const ListOptions& options);

  /// Creates `object` in its metadata.namespace; answers it as stored.
  absl::StatusOr<Json> Create(const Resource& resource, const Json& object,
                              const WriteOptions& options = {});
  /// Replaces the object. metadata.resourceVersion must be set: INVALID_ARGUMENT otherwise.
  absl::StatusOr<Json> Update(const Resource& resource, const Json& object,
                              const WriteOptions& options = {});
  /// Replaces .status alone, by the same rules.
  absl::StatusOr<Json> UpdateStatus(const Resource& resource, const Json& object,
                                    const WriteOptions& options = {});
  /// JSON merge patch (RFC 7386). With metadata.resourceVersion or metadata.uid in it the server
  /// refuses it (IsConflict) if the object changed.
  absl::StatusOr<Json> Patch(const Resource& resource, const ObjectName& name,
                             const Json& merge_patch, const PatchOptions& options = {});
  /// OK once deletion is accepted: with finalizers the object stays for a while.
  absl::Status Delete(const Resource& resource, const ObjectName& name,
                      const Preconditions& preconditions, const DeleteOptions& options = {});

  /// Begins a watch; problems show in its first Next. An empty `ns` watches all namespaces.
  Watch StartWatch(const Resource& resource, const std::string& ns, const WatchOptions& options);

  /// Begins to read a container's log from its beginning; problems show in its first Next.
  LogStream FollowLog(const ObjectName& pod, const LogOptions& options);

  /// What the API server serves of a version of a group (empty for the core): a
  /// metav1.APIResourceList. Both must be names that are safe in a path.
  absl::StatusOr<Json> Discover(const std::string& group, const std::string& version,
                                const CallOptions& call = {});

  /// The API server's time, from a sample at most 30 s old; asks the server if there is none.
  /// UNAVAILABLE when it cannot be known: then nothing may expire.
  absl::StatusOr<Time> ServerTime(const CallOptions& call = {});
  const ServerClock& server_clock() const { return server_clock_; }

  /// OK if the API server answers /readyz.
  absl::Status CheckReady(const CallOptions& call = {});

 private:
  struct Call;
  class Attempts;
  enum class Repeat;

  absl::StatusOr<HttpResponse> Run(const Call& call);
  absl::StatusOr<Json> RunForObject(const Call& call);
  absl::StatusOr<Json> Put(const Resource& resource, const Json& object,
                           std::string_view subresource, const WriteOptions& options);
  /// False if stopped before.
  bool WaitUntil(Clock::TimePoint time, const std::stop_token& stop);
  void TakeDate(const HttpHead& head, Clock::TimePoint sent);

  std::unique_ptr<HttpTransport> transport_;
  Clock& clock_;
  ServerClock server_clock_;
};

}  // namespace berth::kube
