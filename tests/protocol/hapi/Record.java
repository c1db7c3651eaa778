import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.config.util.ValidationSupportConfigUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.searchparam.config.NicknameServiceConfig;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.jpa.validation.JpaValidationSupportChain;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import jakarta.persistence.EntityManagerFactory;
import java.util.Properties;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.hl7.fhir.common.hapi.validation.support.CachingValidationSupport;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/** HAPI FHIR R4 over a database in memory, on a free port of the loopback; says where it listens on its last line. */
public class Record {
    @Configuration
    @Import({
        JpaR4Config.class,
        HapiJpaConfig.class,
        JpaBatch2Config.class,
        Batch2JobsConfig.class,
        NicknameServiceConfig.class,
        SubscriptionSubmitterConfig.class,
        SubscriptionChannelConfig.class,
        ThreadPoolFactoryConfig.class
    })
    public static class Beans {
        @Bean
        public JpaStorageSettings storageSettings() {
            return new JpaStorageSettings();
        }

        @Bean
        public SubscriptionSettings subscriptionSettings() {
            return new SubscriptionSettings();
        }

        @Bean
        public PartitionSettings partitionSettings() {
            return new PartitionSettings();
        }

        @Bean
        public DataSource dataSource() {
            BasicDataSource made = new BasicDataSource();
            made.setDriver(new org.h2.Driver());
            made.setUrl("jdbc:h2:mem:record;DB_CLOSE_DELAY=-1");
            return made;
        }

        @Bean
        public LocalContainerEntityManagerFactoryBean entityManagerFactory(
                ConfigurableListableBeanFactory beans, FhirContext fhir, JpaStorageSettings settings, DataSource data) {
            LocalContainerEntityManagerFactoryBean made =
                    HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
            Properties hibernate = new Properties();
            hibernate.put("hibernate.hbm2ddl.auto", "update");
            hibernate.put("hibernate.dialect", HapiFhirH2Dialect.class.getName());
            hibernate.put("hibernate.search.enabled", "false");
            made.setPersistenceUnitName("record");
            made.setDataSource(data);
            made.setJpaProperties(hibernate);
            return made;
        }

        @Bean
        @Primary
        public JpaTransactionManager transactionManager(EntityManagerFactory factory) {
            return new JpaTransactionManager(factory);
        }

        @Bean
        @Primary
        public CachingValidationSupport validationSupportChain(JpaValidationSupportChain chain) {
            return ValidationSupportConfigUtil.newCachingValidationSupport(chain);
        }
    }

    public static void main(String[] arguments) throws Exception {
        AnnotationConfigApplicationContext spring = new AnnotationConfigApplicationContext(Beans.class);
        IFhirSystemDao<?, ?> system = spring.getBean(IFhirSystemDao.class);
        RestfulServer rest = new RestfulServer(system.getContext());
        rest.registerProviders(spring.getBean(ResourceProviderFactory.class).createProviders());
        rest.registerProvider(spring.getBean("mySystemProviderR4"));
        rest.setPagingProvider(spring.getBean(DatabaseBackedPagingProvider.class));
        rest.setServerConformanceProvider(new JpaCapabilityStatementProvider(
                rest,
                system,
                spring.getBean(JpaStorageSettings.class),
                spring.getBean(ISearchParamRegistry.class),
                spring.getBean(IValidationSupport.class)));
        rest.registerInterceptor(strict(spring.getBean(IValidationSupport.class)));
        serve(rest);
    }

    /** What is not valid R4 is refused (422). The profiles of the ANS are not loaded: they are not judged here. */
    private static RequestValidatingInterceptor strict(IValidationSupport support) {
        FhirInstanceValidator validator = new FhirInstanceValidator(support);
        validator.setNoTerminologyChecks(true);
        validator.setErrorForUnknownProfiles(false);
        RequestValidatingInterceptor judge = new RequestValidatingInterceptor();
        judge.setFailOnSeverity(ResultSeverityEnum.ERROR);
        judge.addValidatorModule(validator);
        return judge;
    }

    private static void serve(RestfulServer rest) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        ServletContextHandler handler = new ServletContextHandler();
        handler.addServlet(new ServletHolder(rest), "/fhir/*");
        server.setHandler(handler);
        server.start();
        System.out.println("ready http://127.0.0.1:" + connector.getLocalPort() + "/fhir");
        server.join();
    }
}
