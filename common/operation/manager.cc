#include "common/operation/manager.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <map>
#include <stop_token>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/grpc/page_token.h"
#include "common/grpc/server.h"
#include "common/kube/cache.h"
#include "common/kube/client.h"
#include "common/kube/clock.h"
#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/kube/work_queue.h"
#include "common/log/log.h"
#include "common/operation/body_digest.h"
#include "common/operation/executor.h"
#include "common/operation/following_watch.h"
#include "common/operation/idempotency_key.h"
#include "common/operation/live_operations.h"
#include "common/operation/names.h"
#include "common/operation/operation_runner.h"
#include "common/operation/peers.h"
#include "common/operation/record.h"
#include "common/operation/release_queue.h"
#include "common/operation/replica_lease.h"
#include "common/operation/retention_sweep.h"
#include "common/operation/server_now.h"
#include "common/operation/spec_check.h"
#include "common/operation/takeover.h"
#include "common/operation/wake_gate.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "common/sync/mutex.h"

namespace berth::operation {
namespace {

using std::chrono::milliseconds;

constexpr int kBlockingThreads = 8;
constexpr std::chrono::seconds kSyncTimeout(30);
constexpr std::chrono::seconds kMaxBackoff(5);
constexpr int kCancelAttempts = 16;

absl::Status NotFound(const std::string& name) {
  return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_OPERATION_NOT_FOUND,
               fmt::format("no operation '{}'", name));
}

absl::Status RequestIdReused(const std::string& request_id, const std::string& name) {
  return Error(absl::StatusCode::kAlreadyExists, Reason::ERROR_REASON_REQUEST_ID_REUSED,
               fmt::format("request_id '{}' was used before with another request; use a new one",
                           request_id))
      .WithMetadata("operation", name);
}

absl::Status NotReady() {
  return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
               "this replica is still reading the operations there are; repeat the call")
      .WithRetryAfter(std::chrono::seconds(1));
}

// The reader's end of a watch: its destruction ends what executor threads and streams share.
class WatchHandle final : public OperationWatch {
 public:
  explicit WatchHandle(std::shared_ptr<FollowingWatch> watch) : watch_(std::move(watch)) {}
  ~WatchHandle() override { watch_->Detach(); }

  std::optional<WatchEvent> Poll() override { return watch_->Poll(); }

 private:
  const std::shared_ptr<FollowingWatch> watch_;
};

}  // namespace

// Composes the parts and holds what they share. Records are read from `operations_` where an old
// state does no harm and consistently where something is decided.
class Manager::Impl {
 public:
  Impl(kube::Client& client, kube::Clock& clock, Options options, IdempotencyKey key)
      : client_(client),
        clock_(clock),
        options_(std::move(options)),
        key_(std::move(key)),
        queues_(client, options_.kube_namespace),
        operations_(client, {.resource = kube::kOperations, .ns = options_.kube_namespace}),
        queue_objects_(client, {.resource = kube::kReleaseQueues, .ns = options_.kube_namespace}),
        peers_(options_.peer_channel),
        live_({.operations = options_.max_operations, .input_bytes = options_.max_input_bytes}),
        work_(
            {.name = "op-work",
             .workers = static_cast<int>(options_.threads),
             .max_backoff = kMaxBackoff,
             .on_error =
                 [](const std::string& name, const absl::Status& error) {
                   log::Warning("operation step failed, repeated later",
                                {{"operation", name}, {"error", Describe(error)}});
                 }},
            [this](const std::string& name, const std::stop_token&) { return Step(name); }, clock),
        blocking_("op-block", kBlockingThreads, clock),
        chores_(
            {.name = "op-chores", .workers = 2, .max_backoff = kMaxBackoff},
            [this](const std::string& chore, const std::stop_token&) { return DoChore(chore); },
            clock),
        gate_(std::make_shared<WakeGate>(work_)) {}

  ~Impl() { Shutdown(); }

  absl::Status TakeLease();
  void RegisterHandler(std::string method, Handler& handler) {
    handlers_[std::move(method)] = &handler;
  }
  absl::Status Start();
  bool ready() const { return started_ && operations_.synced() && queue_objects_.synced(); }

  absl::StatusOr<Started> StartOrJoin(Spec spec,
                                      std::shared_ptr<const google::protobuf::Message> input);
  absl::StatusOr<v1::Operation> Get(const std::string& name);
  absl::StatusOr<v1::ListOperationsResponse> List(const v1::ListOperationsRequest& request);
  absl::StatusOr<v1::Operation> Cancel(const std::string& name);
  absl::StatusOr<v1::Operation> CancelRequest(const Spec& spec);
  absl::StatusOr<std::unique_ptr<OperationWatch>> Watch(const std::string& name,
                                                        std::int64_t after_sequence,
                                                        Forwarding forwarding,
                                                        std::function<void()> ready);
  void Post(std::function<void()> task) { blocking_.Post(std::move(task)); }
  const LeaseGuard& lease() const { return *lease_; }
  bool Drain(std::chrono::steady_clock::time_point deadline);
  void Shutdown();

 private:
  Holder Self() const;
  OperationRunner::Surroundings RunnerSurroundings() {
    return {.client = client_, .clock = clock_, .queues = queues_, .lease = *lease_};
  }
  std::shared_ptr<ProgressFeed> NewFeed(const Record& record, std::int64_t last);

  absl::StatusOr<Record> Read(const std::string& name);
  absl::StatusOr<Started> Join(const Record& record, const Spec& spec, const BodyDigest& digest);
  absl::StatusOr<Record> CreateOrRead(const Record& wish);
  bool IsOwnUnbegun(const Record& record, const BodyDigest& digest) const;
  absl::StatusOr<Started> Begin(LiveOperations::Place place, Record record, Handler& handler,
                                std::shared_ptr<const google::protobuf::Message> input);
  void Run(LiveOperations::Place place, OperationRunner::Options options);
  void Adopt(Record record);

  kube::WorkQueue::Outcome Step(const std::string& name);
  kube::WorkQueue::Outcome DoChore(const std::string& chore);
  void OnOperationChange(const kube::Cache::Change& change);
  void OnQueueChange(const kube::Cache::Change& change);
  int QueuePosition(const Record& record) const;
  void EndUnbegun();
  std::vector<std::shared_ptr<FollowingWatch>> WatchesOf(const std::string* name);

  kube::Client& client_;
  kube::Clock& clock_;
  const Options options_;
  const IdempotencyKey key_;
  std::map<std::string, Handler*> handlers_;

  ReleaseQueues queues_;
  kube::Cache operations_;
  kube::Cache queue_objects_;
  Peers peers_;
  LiveOperations live_;
  kube::WorkQueue work_;
  Executor blocking_;
  kube::WorkQueue chores_;
  const std::shared_ptr<WakeGate> gate_;
  std::unique_ptr<ReplicaLease> lease_;
  std::unique_ptr<Takeover> takeover_;
  std::unique_ptr<RetentionSweep> retention_;
  std::vector<kube::Cache::Subscription> subscriptions_;

  std::atomic<bool> started_ = false;
  std::atomic<bool> draining_ = false;
  std::atomic<bool> shut_down_ = false;

  Mutex mutex_;
  bool watches_closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<std::weak_ptr<FollowingWatch>> watches_ ABSL_GUARDED_BY(mutex_);
};

absl::Status Manager::Impl::TakeLease() {
  ASSIGN_OR_RETURN(lease_, ReplicaLease::Create(client_, clock_,
                                                {.service = options_.service,
                                                 .kube_namespace = options_.kube_namespace,
                                                 .identity = options_.identity,
                                                 .times = options_.liveness,
                                                 .on_lost = options_.on_lease_lost}));
  return absl::OkStatus();
}

absl::Status Manager::Impl::Start() {
  takeover_ = std::make_unique<Takeover>(
      client_, clock_, operations_,
      Takeover::Options{
          .service = options_.service,
          .kube_namespace = options_.kube_namespace,
          .times = options_.liveness,
          .self = Self(),
          .can_run = [this](const std::string& method) { return handlers_.contains(method); },
          .lives_here = [this](const std::string& name) { return live_.Contains(name); },
          .adopt = [this](Record record) { Adopt(std::move(record)); }});
  retention_ = std::make_unique<RetentionSweep>(
      client_, queues_, operations_,
      RetentionSweep::Options{.service = options_.service, .retention = options_.retention});
  subscriptions_.push_back(operations_.AddListener(
      {.on_change = [this](const kube::Cache::Change& change) { OnOperationChange(change); }}));
  subscriptions_.push_back(queue_objects_.AddListener(
      {.on_change = [this](const kube::Cache::Change& change) { OnQueueChange(change); }}));
  operations_.Start();
  queue_objects_.Start();
  const auto deadline = clock_.Now() + kSyncTimeout;
  RETURN_IF_ERROR(WithContext(operations_.WaitForSync(deadline), "the cache of operations"));
  RETURN_IF_ERROR(WithContext(queue_objects_.WaitForSync(deadline), "the cache of queues"));
  work_.Start();
  blocking_.Start();
  chores_.Start();
  chores_.Add("takeover");
  chores_.AddAfter("retention", options_.retention_every);
  started_ = true;
  return absl::OkStatus();
}

Holder Manager::Impl::Self() const {
  return {.lease = lease_->name(),
          .pod_name = options_.identity.pod_name,
          .pod_uid = options_.identity.pod_uid,
          .address = options_.identity.address};
}

absl::StatusOr<Record> Manager::Impl::Read(const std::string& name) {
  absl::StatusOr<kube::Json> object =
      client_.Get(kube::kOperations, {options_.kube_namespace, name});
  if (kube::IsNotFound(object.status())) return NotFound(name);
  RETURN_IF_ERROR(object.status());
  return Record(*std::move(object));
}

absl::StatusOr<Manager::Started> Manager::Impl::StartOrJoin(
    Spec spec, std::shared_ptr<const google::protobuf::Message> input) {
  if (!ready()) return NotReady();
  RETURN_IF_ERROR(CheckSpec(spec));
  const auto handler = handlers_.find(spec.method);
  if (handler == handlers_.end()) {
    return Error(absl::StatusCode::kUnimplemented, Reason::ERROR_REASON_NOT_IMPLEMENTED,
                 fmt::format("{} has no handler", spec.method));
  }
  if (spec.request_id.empty()) spec.request_id = NewRequestId();
  const BodyDigest digest = DigestOf(key_, *input);
  const Record wish = Record::New(options_.kube_namespace, options_.service, spec, digest, Self());
  ASSIGN_OR_RETURN(std::optional<LiveOperations::Place> place,
                   live_.Reserve(wish.name(), input->ByteSizeLong()));
  if (!place || draining_) {
    const absl::StatusOr<Record> existing = Read(wish.name());
    if (absl::IsNotFound(existing.status()) && draining_) return rpc::ShuttingDown();
    RETURN_IF_ERROR(existing.status());
    return Join(*existing, spec, digest);
  }
  ASSIGN_OR_RETURN(Record record, CreateOrRead(wish));
  if (!IsOwnUnbegun(record, digest)) return Join(record, spec, digest);
  return Begin(*std::move(place), std::move(record), *handler->second, std::move(input));
}

absl::StatusOr<Record> Manager::Impl::CreateOrRead(const Record& wish) {
  absl::StatusOr<kube::Json> created = client_.Create(kube::kOperations, wish.json());
  if (kube::IsAlreadyExists(created.status())) return Read(wish.name());
  RETURN_IF_ERROR(created.status());
  return Record(*std::move(created));
}

// Just created, or created by an earlier call here that never heard so.
bool Manager::Impl::IsOwnUnbegun(const Record& record, const BodyDigest& digest) const {
  return record.holder().lease == lease_->name() && record.state() == v1::Operation::STATE_QUEUED &&
         record.digest().body == digest.body;
}

absl::StatusOr<Manager::Started> Manager::Impl::Join(const Record& record, const Spec& spec,
                                                     const BodyDigest& digest) {
  if (record.spec().method != spec.method || !MayBeSameRequest(record.digest(), digest)) {
    return RequestIdReused(spec.request_id, record.name());
  }
  return Started{.name = record.name(), .joined = true};
}

absl::StatusOr<Manager::Started> Manager::Impl::Begin(
    LiveOperations::Place place, Record record, Handler& handler,
    std::shared_ptr<const google::protobuf::Message> input) {
  const Spec spec = record.spec();
  const std::string name = record.name();
  absl::StatusOr<int> position = 0;
  if (spec.takes_release_ticket && spec.parent.empty()) {
    position = queues_.Append({spec.target_namespace, spec.target_name}, name);
  }
  OperationRunner::Options options{.record = std::move(record), .handler = &handler};
  if (position.ok()) {
    options.input = std::move(input);
    options.at_head = *position == 1;
  } else {
    options.outcome = WithMetadata(position.status(), "effect", "none");
  }
  Run(std::move(place), std::move(options));
  RETURN_IF_ERROR(position.status());
  log::Info("operation begun", {{"operation", name},
                                {"method", spec.method},
                                {"namespace", spec.target_namespace},
                                {"target", spec.target_name}});
  return Started{.name = name, .joined = false};
}

void Manager::Impl::Run(LiveOperations::Place place, OperationRunner::Options options) {
  const std::string name = place.name();
  options.feed =
      NewFeed(options.record, options.recovered ? options.record.sequence_reserved() : 0);
  LiveOperations::Entry entry{.feed = options.feed};
  entry.runner = std::make_shared<OperationRunner>(RunnerSurroundings(), std::move(options));
  const std::shared_ptr<OperationRunner> runner = entry.runner;
  live_.Add(std::move(place), std::move(entry));
  // A cancel that was told before the runner could be found shows in the cache by now.
  const kube::Cache::Object seen = operations_.Get({options_.kube_namespace, name});
  if (seen != nullptr && Record(*seen).cancel_requested()) runner->Cancel();
  work_.Add(name);
}

std::shared_ptr<ProgressFeed> Manager::Impl::NewFeed(const Record& record, std::int64_t last) {
  ProgressFeed::Options options{.operation = record.name(),
                                .wake = [gate = gate_, name = record.name()](
                                            milliseconds within) { gate->Wake(name, within); },
                                .now = [&client = client_] { return ServerNow(client); }};
  return std::make_shared<ProgressFeed>(
      std::move(options), UpdateRing(last, record.sequence_reserved(), record.phases()));
}

void Manager::Impl::Adopt(Record record) {
  std::optional<LiveOperations::Place> place = live_.ReserveForTakeover(record.name());
  if (!place) return;
  OperationRunner::Options options{.record = std::move(record), .recovered = true};
  options.handler = handlers_.at(options.record.spec().method);
  const bool begun = options.record.effects_begun() || !options.record.undo_cause().ok();
  if (!begun) {
    options.outcome =
        InterruptedWithoutEffect("the replica that held the operation died before it had begun");
  }
  Run(*std::move(place), std::move(options));
}

kube::WorkQueue::Outcome Manager::Impl::Step(const std::string& name) {
  const std::shared_ptr<OperationRunner> runner = live_.FindRunner(name);
  if (runner == nullptr || lease_->lost()) return std::nullopt;
  kube::WorkQueue::Outcome outcome = runner->Step();
  if (!runner->finished()) return outcome;
  // A feed that has not ended belongs to an operation that goes on elsewhere.
  if (runner->lost()) {
    if (const auto feed = live_.FindFeed(name)) feed->End(Broken{rpc::ShuttingDown()});
  }
  live_.Finish(name, !runner->lost());
  return std::nullopt;
}

kube::WorkQueue::Outcome Manager::Impl::DoChore(const std::string& chore) {
  const bool takeover = chore == "takeover";
  const milliseconds again = takeover ? options_.liveness.renew_every : options_.retention_every;
  // Who may be dead for others takes nothing from them.
  if (draining_ || !lease_->FreshEnoughToSpawn()) return again;
  const absl::Status done = takeover ? takeover_->Look() : retention_->Run();
  if (!done.ok()) log::Warning("chore failed", {{"chore", chore}, {"error", Describe(done)}});
  return again;
}

void Manager::Impl::OnOperationChange(const kube::Cache::Change& change) {
  if (change.after == nullptr) {
    // Its name may come back for another operation.
    live_.Forget(kube::Name(*change.before));
    return;
  }
  const Record record(*change.after);
  if (record.cancel_requested()) {
    if (const std::shared_ptr<OperationRunner> runner = live_.FindRunner(record.name())) {
      runner->Cancel();
      work_.Add(record.name());
    }
  }
  if (change.before != nullptr && Record(*change.before).holder() != record.holder()) {
    const std::string name = record.name();
    for (const auto& watch : WatchesOf(&name)) watch->RecordChanged();
  }
}

void Manager::Impl::OnQueueChange(const kube::Cache::Change& change) {
  if (change.after == nullptr) return;
  for (const std::string& name : OperationsOf(*change.after)) {
    if (live_.FindRunner(name) != nullptr) work_.Add(name);
  }
}

int Manager::Impl::QueuePosition(const Record& record) const {
  const Spec spec = record.spec();
  if (!spec.takes_release_ticket || record.state() != v1::Operation::STATE_QUEUED) return 0;
  const kube::Cache::Object queue = queue_objects_.Get(
      {options_.kube_namespace, QueueName(spec.target_namespace, spec.target_name)});
  return queue == nullptr ? 0 : PositionOf(OperationsOf(*queue), record.name());
}

absl::StatusOr<v1::Operation> Manager::Impl::Get(const std::string& name) {
  if (!ready()) return NotReady();
  RETURN_IF_ERROR(CheckOperationName(name));
  ASSIGN_OR_RETURN(const Record record, Read(name));
  v1::Operation operation = record.ToProto();
  operation.set_queue_position(QueuePosition(record));
  return operation;
}

absl::StatusOr<v1::ListOperationsResponse> Manager::Impl::List(
    const v1::ListOperationsRequest& request) {
  if (!ready()) return NotReady();
  const std::string filter =
      fmt::format("{}/{}", request.target_namespace(), request.target_name());
  ASSIGN_OR_RETURN(const rpc::PageRequest page,
                   rpc::ParsePageRequest(request.page_size(), request.page_token(), filter));
  v1::ListOperationsResponse response;
  for (const kube::Cache::Object& object : operations_.List()) {
    const Record record(*object);
    const Spec spec = record.spec();
    const bool asked = record.name() > page.after &&
                       (request.target_namespace().empty() ||
                        request.target_namespace() == spec.target_namespace) &&
                       (request.target_name().empty() || request.target_name() == spec.target_name);
    if (!asked) continue;
    if (response.operations_size() == page.size) {
      response.set_next_page_token(
          rpc::NextPageToken(response.operations(response.operations_size() - 1).name(), filter));
      break;
    }
    v1::Operation& operation = *response.add_operations() = record.ToProto();
    operation.set_queue_position(QueuePosition(record));
  }
  return response;
}

absl::StatusOr<v1::Operation> Manager::Impl::Cancel(const std::string& name) {
  if (!ready()) return NotReady();
  RETURN_IF_ERROR(CheckOperationName(name));
  absl::Status failure;
  for (int attempt = 0; attempt < kCancelAttempts; ++attempt) {
    ASSIGN_OR_RETURN(Record record, Read(name));
    if (record.terminal() || record.cancel_requested()) return record.ToProto();
    record.set_cancel_requested();
    absl::StatusOr<kube::Json> written = client_.Update(kube::kOperations, record.json());
    if (written.ok()) return Record(*std::move(written)).ToProto();
    failure = written.status();
    if (!kube::IsConflict(failure) && !kube::IsNotFound(failure)) break;
  }
  return failure;
}

absl::StatusOr<v1::Operation> Manager::Impl::CancelRequest(const Spec& spec) {
  if (!ready()) return NotReady();
  RETURN_IF_ERROR(CheckSpec(spec));
  const Record unseen = Record::NewCancelled(options_.kube_namespace, options_.service, spec);
  absl::StatusOr<kube::Json> created = client_.Create(kube::kOperations, unseen.json());
  if (kube::IsAlreadyExists(created.status())) return Cancel(unseen.name());
  RETURN_IF_ERROR(created.status());
  // Cancelled from here on; the rest is for readers of the object, and done later if it fails.
  Record record(*std::move(created));
  record.set_ended(CancelledWithoutEffect(), 0, ServerNow(client_));
  const absl::Status shown = client_.UpdateStatus(kube::kOperations, record.json()).status();
  if (!shown.ok()) log::Warning("cancelled record not completed", {{"error", Describe(shown)}});
  return record.ToProto();
}

absl::StatusOr<std::unique_ptr<OperationWatch>> Manager::Impl::Watch(const std::string& name,
                                                                     std::int64_t after_sequence,
                                                                     Forwarding forwarding,
                                                                     std::function<void()> ready) {
  if (!this->ready()) return NotReady();
  RETURN_IF_ERROR(CheckOperationName(name));
  auto watch = std::make_shared<FollowingWatch>(
      FollowingWatch::Surroundings{
          .find_feed = [this](const std::string& asked) { return live_.FindFeed(asked); },
          .read_record = [this](const std::string& asked) { return Read(asked); },
          .peers = peers_,
          .executor = blocking_,
          .lease = lease_->name()},
      FollowingWatch::Options{.operation = name,
                              .after_sequence = after_sequence,
                              .may_forward = forwarding == Forwarding::kAllowed,
                              .ready = std::move(ready)});
  {
    MutexLock lock(mutex_);
    if (watches_closed_) return rpc::ShuttingDown();
    watches_.remove_if([](const auto& known) { return known.expired(); });
    watches_.push_back(watch);
  }
  auto handle = std::make_unique<WatchHandle>(watch);
  RETURN_IF_ERROR(watch->Begin());
  return handle;
}

std::vector<std::shared_ptr<FollowingWatch>> Manager::Impl::WatchesOf(const std::string* name) {
  std::vector<std::shared_ptr<FollowingWatch>> found;
  MutexLock lock(mutex_);
  for (const std::weak_ptr<FollowingWatch>& known : watches_) {
    std::shared_ptr<FollowingWatch> watch = known.lock();
    if (watch != nullptr && (name == nullptr || watch->operation() == *name)) {
      found.push_back(std::move(watch));
    }
  }
  return found;
}

bool Manager::Impl::Drain(std::chrono::steady_clock::time_point deadline) {
  draining_ = true;
  return live_.WaitUntilEmpty(deadline);
}

void Manager::Impl::Shutdown() {
  if (shut_down_.exchange(true)) return;
  draining_ = true;
  gate_->Close();
  chores_.Stop();
  work_.Stop();
  blocking_.Stop();
  EndUnbegun();
  operations_.Stop();
  queue_objects_.Stop();
  {
    MutexLock lock(mutex_);
    watches_closed_ = true;
  }
  for (const auto& watch : WatchesOf(nullptr)) watch->Break(rpc::ShuttingDown());
  peers_.WaitForStreams();
  if (lease_ != nullptr) lease_->Release();
}

void Manager::Impl::EndUnbegun() {
  const absl::Status why = InterruptedWithoutEffect("the replica that held the operation stopped");
  for (const LiveOperations::Entry& entry : live_.All()) {
    if (lease_->lost()) return;
    const absl::Status ended = entry.runner->EndUnbegun(why);
    if (ended.ok()) continue;
    log::Warning("operation left to another replica",
                 {{"operation", entry.runner->name()}, {"error", Describe(ended)}});
  }
}

absl::StatusOr<std::unique_ptr<Manager>> Manager::Create(kube::Client& client, Options options) {
  ASSIGN_OR_RETURN(IdempotencyKey key, ReadOrCreateIdempotencyKey(client, options.kube_namespace));
  auto impl = std::make_unique<Impl>(client, kube::RealClock(), std::move(options), std::move(key));
  RETURN_IF_ERROR(impl->TakeLease());
  return std::unique_ptr<Manager>(new Manager(std::move(impl)));
}

Manager::Manager(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Manager::~Manager() = default;

void Manager::RegisterHandler(std::string method, Handler& handler) {
  impl_->RegisterHandler(std::move(method), handler);
}

absl::Status Manager::Start() { return impl_->Start(); }

bool Manager::ready() const { return impl_->ready(); }

absl::StatusOr<Manager::Started> Manager::StartOrJoin(
    Spec spec, std::shared_ptr<const google::protobuf::Message> input) {
  return impl_->StartOrJoin(std::move(spec), std::move(input));
}

absl::StatusOr<v1::Operation> Manager::Get(const std::string& name) { return impl_->Get(name); }

absl::StatusOr<v1::ListOperationsResponse> Manager::List(const v1::ListOperationsRequest& request) {
  return impl_->List(request);
}

absl::StatusOr<v1::Operation> Manager::Cancel(const std::string& name) {
  return impl_->Cancel(name);
}

absl::StatusOr<v1::Operation> Manager::CancelRequest(const std::string& caller,
                                                     const std::string& method,
                                                     const std::string& request_id) {
  return impl_->CancelRequest({.method = method, .caller = caller, .request_id = request_id});
}

absl::StatusOr<std::unique_ptr<OperationWatch>> Manager::Watch(const std::string& name,
                                                               std::int64_t after_sequence,
                                                               Forwarding forwarding,
                                                               std::function<void()> ready) {
  return impl_->Watch(name, after_sequence, forwarding, std::move(ready));
}

void Manager::Post(std::function<void()> task) { impl_->Post(std::move(task)); }

const LeaseGuard& Manager::lease() const { return impl_->lease(); }

bool Manager::Drain(std::chrono::steady_clock::time_point deadline) {
  return impl_->Drain(deadline);
}

void Manager::Shutdown() { impl_->Shutdown(); }

}  // namespace berth::operation
