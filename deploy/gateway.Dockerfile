# A gateway. Build from the root of the repository: docker build -f deploy/gateway.Dockerfile -t shop-gateway .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish Gateway -c Release -o /app --no-self-contained

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app .
USER $APP_UID
ENV ASPNETCORE_URLS=http://0.0.0.0:8080 Shop__Silo=Cluster
EXPOSE 8080
ENTRYPOINT ["dotnet", "Shop.Gateway.dll"]
