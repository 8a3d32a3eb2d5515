# A silo. Build from the root of the repository: docker build -f deploy/silo.Dockerfile -t shop-silo .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish Silo -c Release -o /app --no-self-contained

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app .
USER $APP_UID
ENV ASPNETCORE_URLS=http://0.0.0.0:8080 Shop__Cluster__ListenAddress=0.0.0.0 Shop__Cluster__Port=11111
EXPOSE 8080 11111
ENTRYPOINT ["dotnet", "Shop.Silo.dll"]
