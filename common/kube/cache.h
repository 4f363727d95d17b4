#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/kube/client.h"
#include "common/kube/json.h"
#include "common/kube/resource.h"

namespace berth::kube {

struct ListenerState;

/// An in-memory copy of one resource, kept current by LIST and WATCH: pages, bookmarks, 410 in both
/// of its forms, reconnects with backoff; an API server that restarts is only a delay.
///
/// Threads: two of its own, from Start to Stop. One speaks to the API server and changes the map;
/// the other runs the listeners, one call at a time. All methods may be called from any thread.
/// Lifetime: the client must outlive it; the objects handed out may outlive both.
class Cache {
 public:
  using Object = std::shared_ptr<const Json>;
  /// The keys an object is found under in an index.
  using KeyFunction = std::function<std::vector<std::string>(const Json& object)>;

  struct Options {
    Resource resource;
    /// Empty: all namespaces.
    std::string ns;
    std::string label_selector;
    std::string field_selector;
    Form form = Form::kFull;
    /// Drops what the owner does not need, before the object is stored. metadata.managedFields is
    /// always dropped.
    std::function<void(Json& object)> transform;
    std::map<std::string, KeyFunction> indexes;
    int page_size = 500;
    /// How often a consistent read checks that the API server's store was not put back to an
    /// earlier state.
    std::chrono::milliseconds rewind_check_interval = std::chrono::seconds(30);
    std::chrono::milliseconds min_backoff = std::chrono::milliseconds(100);
    std::chrono::milliseconds max_backoff = std::chrono::seconds(10);
  };

  enum class ChangeKind { kAdded, kUpdated, kDeleted };

  struct Change {
    ChangeKind kind = ChangeKind::kAdded;
    /// Null for kAdded.
    Object before;
    /// Null for kDeleted.
    Object after;
  };

  /// Callbacks run one at a time on the cache's own thread, in the order of the changes. They may
  /// not block: hand the work to a queue. After a gap in the watch only the outcome is told, not
  /// the steps between.
  struct Listener {
    /// First the objects present, as kAdded; then each change.
    std::function<void(const Change& change)> on_change;
    /// Once, after the first complete state was told. May be empty.
    std::function<void()> on_synced;
    /// The API server's store was put back to an earlier state (see rewinds()). The changes that
    /// led there follow. May be empty.
    std::function<void()> on_rewound;
  };

  /// Ends the calls to a listener when destroyed: after that none runs or will run. It may be
  /// destroyed within a callback, and before or after the cache.
  class Subscription {
   public:
    Subscription() = default;
    explicit Subscription(std::shared_ptr<ListenerState> state);
    Subscription(Subscription&& other) = default;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

   private:
    void End();
    std::shared_ptr<ListenerState> state_;
  };

  /// Every object at one moment.
  struct Snapshot {
    std::vector<Object> objects;
    std::string resource_version;
  };

  Cache(Client& client, Options options);
  /// Stops.
  ~Cache();

  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  /// Starts its threads; once.
  void Start();
  /// Ends them; no callback runs after it returns. Reads go on answering the last state. Not to be
  /// called from a callback.
  void Stop();

  /// May be called before and after Start.
  [[nodiscard]] Subscription AddListener(Listener listener);

  /// Null if there is none.
  Object Get(const ObjectName& name) const;
  /// Ordered by namespace and name.
  std::vector<Object> List() const;
  /// The objects of one namespace, by name.
  std::vector<Object> ListNamespace(const std::string& ns) const;
  /// The objects that Options.indexes[index] gives `key` for, ordered by name. An index
  /// that does not exist ends the program.
  std::vector<Object> ByIndex(const std::string& index, const std::string& key) const;
  Snapshot TakeSnapshot() const;

  /// True from the first complete list on.
  bool synced() const;
  /// OK once synced. DEADLINE_EXCEEDED with the last error at `deadline`; CANCELLED if stopped.
  absl::Status WaitForSync(std::chrono::steady_clock::time_point deadline) const;
  /// OK once the cache has applied `resource_version`, which must be one of an object of this
  /// cache's selection (of others it hears only by bookmarks, about once a minute). The map then
  /// shows it; listeners may hear of it a moment later. INVALID_ARGUMENT if it is no number.
  absl::Status WaitForResourceVersion(const std::string& resource_version,
                                      std::chrono::steady_clock::time_point deadline) const;

  /// OK once the listeners have been told of all that reads showed when this was called.
  /// DEADLINE_EXCEEDED at `deadline`, CANCELLED if stopped. Not to be called from a callback.
  absl::Status WaitForListeners(std::chrono::steady_clock::time_point deadline) const;

  /// The revision the cache has applied; empty before the first list.
  std::string resource_version() const;
  /// The highest revision seen of this resource, by list or watch, since the last rewind.
  std::uint64_t last_seen_resource_version() const;
  /// How often a consistent read showed a lower revision than one seen before: the store was
  /// restored from a backup. The cache lists anew by itself; what owners concluded from the lost
  /// revisions they must check again.
  std::uint64_t rewinds() const;
  /// What keeps the cache from being current; OK while the watch runs.
  absl::Status health() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth::kube
