#pragma once

#include "common/grpc/stream_registry.h"
#include "common/metrics/metrics.h"
#include "port-service/domain/claim_feed.h"
#include "port-service/domain/claim_lifecycle.h"
#include "port-service/domain/claim_store.h"
#include "port-service/domain/claimer.h"
#include "port-service/domain/discovery.h"
#include "port-service/domain/pool_store.h"
#include "port-service/domain/pools.h"

#include "berth/port/v1/port_service.grpc.pb.h"

namespace berth::port {

/// The RPCs of berth.port.v1.PortService: reads requests, calls the domain, writes answers.
///
/// Threads: calls come on the server's, many at a time. Lifetime: what it borrows must outlive it.
class PortServiceImpl final
    : public v1::PortService::WithCallbackMethod_WatchClaims<v1::PortService::Service> {
 public:
  struct Parts {
    Pools& pools;
    PoolStore& pool_store;
    ClaimStore& store;
    ClaimView& view;
    ClaimFeed& feed;
    Claimer& claimer;
    ClaimLifecycle& lifecycle;
    ClusterScanner& scanner;
    rpc::StreamRegistry& streams;
    metrics::Registry& metrics;
  };

  explicit PortServiceImpl(const Parts& parts);

  grpc::Status GetPool(grpc::ServerContext* context, const v1::GetPoolRequest* request,
                       v1::GetPoolResponse* response) override;
  grpc::Status ListPools(grpc::ServerContext* context, const v1::ListPoolsRequest* request,
                         v1::ListPoolsResponse* response) override;
  grpc::Status DiscoverPools(grpc::ServerContext* context, const v1::DiscoverPoolsRequest* request,
                             v1::DiscoverPoolsResponse* response) override;
  grpc::Status CreatePool(grpc::ServerContext* context, const v1::CreatePoolRequest* request,
                          v1::CreatePoolResponse* response) override;
  grpc::Status UpdatePool(grpc::ServerContext* context, const v1::UpdatePoolRequest* request,
                          v1::UpdatePoolResponse* response) override;
  grpc::Status DeletePool(grpc::ServerContext* context, const v1::DeletePoolRequest* request,
                          v1::DeletePoolResponse* response) override;
  grpc::Status Claim(grpc::ServerContext* context, const v1::ClaimRequest* request,
                     v1::ClaimResponse* response) override;
  grpc::Status BindClaim(grpc::ServerContext* context, const v1::BindClaimRequest* request,
                         v1::BindClaimResponse* response) override;
  grpc::Status UnbindClaim(grpc::ServerContext* context, const v1::UnbindClaimRequest* request,
                           v1::UnbindClaimResponse* response) override;
  grpc::Status RenewClaim(grpc::ServerContext* context, const v1::RenewClaimRequest* request,
                          v1::RenewClaimResponse* response) override;
  grpc::Status ReleaseClaim(grpc::ServerContext* context, const v1::ReleaseClaimRequest* request,
                            v1::ReleaseClaimResponse* response) override;
  grpc::Status GetClaim(grpc::ServerContext* context, const v1::GetClaimRequest* request,
                        v1::GetClaimResponse* response) override;
  grpc::Status ListClaims(grpc::ServerContext* context, const v1::ListClaimsRequest* request,
                          v1::ListClaimsResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchClaimsResponse>* WatchClaims(
      grpc::CallbackServerContext* context, const v1::WatchClaimsRequest* request) override;

 private:
  absl::StatusOr<v1::ClaimResponse> DoClaim(const v1::ClaimRequest& request);
  v1::PortPool Describe(const pool::PoolState& pool);
  /// A pool just read from the store: with what is seen of it, if that is of the same version.
  v1::PortPool Describe(const pool::Pool& pool);
  v1::PortClaim Describe(const port::Claim& claim);
  void Count(const absl::Status& status);

  Parts parts_;
};

}  // namespace berth::port
